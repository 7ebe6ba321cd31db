"""The one room where results become sentences, for the page, the terminal and the files alike."""
