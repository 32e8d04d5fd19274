"""What all tables share: how their constraints are named, and the type of their ids."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

__all__ = ["Id", "metadata"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite makes only INTEGER PRIMARY KEY an alias of its row id; PostgreSQL wants 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")
