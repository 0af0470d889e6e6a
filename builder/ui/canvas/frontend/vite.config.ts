import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// One hashed file that Streamlit's component loads; styles are inlined and put into its shadow root.
export default defineConfig({
  plugins: [react()],
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    emptyOutDir: true,
    lib: { entry: "src/index.tsx", formats: ["es"] },
    rolldownOptions: { output: { entryFileNames: "canvas-[hash].js", codeSplitting: false, minify: true } },
  },
});
