"""What a rule can answer, beside a group: one of the candidates, or a new `Group` that is not among them. There is no
need to change this file."""

from enum import Enum

from accoil import Group


class Answer(Enum):
    """An answer that names no group."""

    DEFAULT_RULE = "the mapping decides"
    NO_ACCOUNT = "the event belongs to no account"


DEFAULT_RULE = Answer.DEFAULT_RULE
NO_ACCOUNT = Answer.NO_ACCOUNT

Selection = Answer | Group
