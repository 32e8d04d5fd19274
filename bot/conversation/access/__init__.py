"""Who may talk to the bot, how much, and who decides that."""
