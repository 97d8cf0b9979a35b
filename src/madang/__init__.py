"""Madang (마당): the software a neighbourhood runs its commerce on."""

__version__ = "0.1.0"
