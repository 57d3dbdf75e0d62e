"""A recipe with [chat] ends where a person can talk to the model: on a page, or told how to open one."""

from __future__ import annotations

import socket
import webbrowser
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from modelwright.forge import cli_serve, server
from modelwright.forge.cli import app
from modelwright.forge.parts import Parts

RECIPE = """
[recipe]
name = "tiny"
stages = ["tokenizer", "data", "pretrain"]
[tokenizer]
source = "primer:40"
vocab = 300
[data]
source = "primer:60"
validation = 0.2
[model]
width = 16
head_size = 4
layers = 1
expert_size = 8
context = 32
[pretrain]
steps = 2
batch = 2
[chat]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, str]:
    """The run folder, and what was said. A test's output is no terminal."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.toml").write_text(RECIPE)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    done = CliRunner().invoke(app, ["run", str(folder / "tiny.toml"), "--folder", str(folder / "run")])
    torch.set_num_threads(before)
    assert done.exit_code == 0, done.output
    return folder / "run", done.output


@pytest.fixture
def served(monkeypatch) -> list[int]:
    """The ports that were asked for; nothing listens, and everyone is told that it does."""
    ports: list[int] = []

    def serve(engine, name, port, queue, render, on_ready):
        ports.append(port)
        on_ready(f"http://127.0.0.1:{port}/")

    monkeypatch.setattr(server, "serve", serve)
    return ports


def test_where_there_is_no_terminal_the_run_says_how_to_open_the_page(run):
    folder, said = run
    assert f"modelwright forge serve {folder}" in said.replace("\n", "")


def test_the_page_is_opened_and_no_browser_is_honoured(run, served, monkeypatch, capsys):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("NO_BROWSER", "1")
    cli_serve.chat_page(run[0], Parts(), "tiny")
    assert not opened
    assert "The chat page is at http://127.0.0.1:" in capsys.readouterr().out
    monkeypatch.delenv("NO_BROWSER")
    cli_serve.chat_page(run[0], Parts(), "tiny")
    assert len(opened) == 1


def test_a_taken_port_does_not_end_a_run_in_an_error(run, served, monkeypatch):
    monkeypatch.setenv("NO_BROWSER", "1")
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *address: 0)
    cli_serve.chat_page(run[0], Parts(), "tiny")
    assert served == [0]
