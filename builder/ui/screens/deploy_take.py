"""Deploy: take the network along, as files or by commands."""

import functools
import os
import shlex
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import streamlit as st

from builder.home import home
from builder.ui import parts
from builder.ui.screens.deploy_files import plain

if TYPE_CHECKING:
    from builder.runs import Run


def show(run: "Run", checkpoint: str) -> None:
    """Draw the formats, and the commands."""
    from builder.export import formats

    with parts.card("Take it along", "plain PyTorch, no Lamina needed", key="take"):
        for name, kind in formats().items():
            with st.container(
                key=f"lm_format_{name}", horizontal=True, vertical_alignment="center"
            ):
                parts.html(
                    f'<b>{escape(kind.title)}</b><div class="lm-m lm-s">{escape(kind.help)}</div>'
                )
                st.download_button(
                    "Download",
                    functools.partial(artefact, run.id, name, checkpoint),
                    file_name=f"{_slug(run)}{'.zip' if kind.folder else kind.suffix}",
                    mime="application/zip" if kind.folder else "application/octet-stream",
                    on_click="ignore",
                    type="primary" if name == "python" else "secondary",
                    icon=":material/download:",
                    key=f"deploy_export_{name}",
                )
        _both(run, checkpoint)
    with parts.card("In a terminal", key="commands"):
        _commands(run, checkpoint)


def _both(run: "Run", checkpoint: str) -> None:
    """Of networks that compete the formats carry the one that makes things; the other is here."""
    graphs = list(run.project().graphs)
    if len(graphs) < 2:
        return
    with st.container(key="lm_format_both", horizontal=True, vertical_alignment="center"):
        parts.html(
            "<b>Weights of all networks</b>"
            '<div class="lm-m lm-s">As the run keeps them; each name is led by its graph: '
            f"{escape(' and '.join(graphs))}.</div>"
        )
        st.download_button(
            "Download",
            run.checkpoint(checkpoint).path.read_bytes,
            file_name=f"{_slug(run)}-all.safetensors",
            mime="application/octet-stream",
            on_click="ignore",
            icon=":material/download:",
            key="deploy_export_both",
        )


def artefact(run_id: str, name: str, checkpoint: str) -> bytes:
    """The artefact's bytes; a folder comes as a zip."""
    from builder.export import export, formats

    folder = Path(tempfile.mkdtemp(prefix="lamina-download-"))
    try:
        kind = formats()[name]
        path = folder / f"{plain(run_id)}{'.zip' if kind.folder else kind.suffix}"
        return export(run_id, name, path, checkpoint).read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _slug(run: "Run") -> str:
    name = str(run.info.get("name") or run.id)
    if name.startswith("run "):  # a number alone says nothing in a folder of downloads
        name = f"{run.project().name} {name}"
    return (
        "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-")[:60] or "network"
    )


def program() -> str:
    """How a terminal calls Lamina: `lamina` where that is this one, else the script beside the
    running interpreter, else the module.
    """
    script = Path(sys.executable).with_name("lamina.exe" if os.name == "nt" else "lamina")
    found = shutil.which("lamina")
    if found and Path(found).resolve() == script.resolve():
        return "lamina"
    words = [str(script)] if script.is_file() else [sys.executable, "-m", "builder"]
    return shlex.join(words)


def command() -> str:
    """How a terminal of its own calls Lamina: where LAMINA_HOME is not the usual one it says so,
    for the run would not be found.
    """
    here, usual = home(), platformdirs.user_data_path("lamina", appauthor=False).resolve()
    if here == usual:
        return program()
    if os.name == "nt":
        return f'set "LAMINA_HOME={here}" && {program()}'
    return f"LAMINA_HOME={shlex.quote(str(here))} {program()}"


def _commands(run: "Run", checkpoint: str) -> None:
    """Lines to copy: write the folder and use it; or use the run from here."""
    from builder.export import COMMANDS, example, needs, predictor, what_it_makes

    option = "" if checkpoint == "best" else f" --checkpoint {checkpoint}"
    if made := what_it_makes(run):
        asked, line = "torch and nothing else", COMMANDS[made][1]
        use = "make things"
        here = 'sample {} --prompt "Once"' if made == "text" else "sample {} -o images.png"
    else:
        settings = predictor(run.id, checkpoint).preparation.settings
        asked, line, use = needs(settings), example(settings), "predict"
        here = "predict {} " + line.removeprefix("python predict.py ")
    told = f"Write the folder, then {use} anywhere. It needs {asked}."
    parts.html(f'<div class="lm-m lm-s">{told}</div>', "needs")
    st.code(
        f"{command()} export {run.id} --to python{option} -o network\ncd network && {line}",
        language=None,
        wrap_lines=True,
    )
    parts.html(f'<div class="lm-m lm-s">Or {use} from here.</div>')
    st.code(f"{command()} {here.format(run.id + option)}", language=None, wrap_lines=True)
