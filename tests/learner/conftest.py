import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from course import course as make_course
from histories import Diary

from modelwright.curriculum import Curriculum


@pytest.fixture(scope="session")
def course() -> Curriculum:
    return make_course()


@pytest.fixture
def diary(course: Curriculum) -> Diary:
    return Diary(course)
