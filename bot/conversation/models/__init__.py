"""Finding a model, showing what it can do, and asking several at once."""
