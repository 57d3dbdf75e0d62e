"""Modelwright: from the foundations to a Grok-like language model that you built yourself.

`import modelwright as mw` is meant for a notebook; importing it is fast, and heavy libraries load where they are used.
"""

__version__ = "0.1.0"
