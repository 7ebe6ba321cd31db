"""Arrow schemas of all tables through which stages meet, a file for each stage that writes them."""
