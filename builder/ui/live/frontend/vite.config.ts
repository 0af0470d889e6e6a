import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: "src/index.ts", formats: ["es"] },
    rollupOptions: { output: { entryFileNames: "live-[hash].js" } },
  },
  test: { environment: "jsdom", include: ["test/**/*.test.ts"] },
});
