"""Makes of attachments what a model can read: who reads which, and how far it is."""
