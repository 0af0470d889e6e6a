"""Find a Chromium for the journeys, or bring one: Debian's package, else Playwright's download."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def installed() -> str | None:
    """A Chromium on this machine: LAMINA_CHROMIUM, the search path, Playwright's own; or None."""
    named = os.environ.get("LAMINA_CHROMIUM")
    if named and os.access(named, os.X_OK):
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and os.path.exists(path) else None


def bring() -> bool:
    """Install one; True where that went well."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's Chromium …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "-qq", "update"],
            ["apt-get", "-qq", "install", "-y", "chromium"],
        ):
            if subprocess.run(
                command, env=environment, check=False, stdout=subprocess.DEVNULL
            ).returncode:
                break
        else:
            return True
    print("Trying Playwright's own download of Chromium …", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        return subprocess.run(command, check=False, timeout=600).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Say which Chromium the journeys will use; exit 1 with words where there is none."""
    path = installed() or (installed() if bring() else None)
    if path is None:
        sys.exit(
            "The journeys need a Chromium, and none could be installed. Install 'chromium' "
            "(or set LAMINA_CHROMIUM to a browser's path), then run make test again."
        )
    print(f"Journeys use {path}")


if __name__ == "__main__":
    main()
