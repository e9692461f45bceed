"""Every *.scene of this folder, played on a desk in this process, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes.play import Play
from scenes.stages import QuickStage

from maildesk.daemon.reader import Reader

SCENES = sorted(Path(__file__).parent.glob("*.scene"))


@pytest.mark.parametrize("scene", SCENES, ids=lambda path: path.stem)
def test_scene(scene: Path, shared_reader: Reader, tmp_path: Path) -> None:
    stage = QuickStage(tmp_path, shared_reader)
    try:
        Play(stage).run(scene.read_text(encoding="utf-8"), scene.name)
    finally:
        stage.close()


@pytest.mark.servers
@pytest.mark.parametrize("scene", SCENES, ids=lambda path: path.stem)
def test_scene_on_postgresql(scene: Path, shared_reader: Reader, tmp_path: Path, postgres_url: str) -> None:
    stage = QuickStage(tmp_path, shared_reader, url=postgres_url)
    try:
        Play(stage).run(scene.read_text(encoding="utf-8"), scene.name)
    finally:
        stage.close()
