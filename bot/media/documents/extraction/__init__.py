"""Takes the text out of a document: a program of its own, run in a process that may be killed.

It imports nothing else of ours, and its own modules by relative imports, so that it starts at once and
without what the service holds. See ``bot.media.documents.child`` for how it is run.
"""
