"""Who the bot is: personas, those that come with it and those that people make."""
