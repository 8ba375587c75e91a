"""A ledger over each database."""

import pytest

from runtime.database import Database
from tests.support.ledger import Record


@pytest.fixture
def record(database: Database) -> Record:
    return Record(database)
