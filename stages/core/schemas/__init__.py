"""Arrow schemas of all tables that stages exchange, one file for each stage that writes tables."""
