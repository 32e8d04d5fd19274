"""What is stored about a person, handed out: as a document, with the files that belong to it, and counted."""
