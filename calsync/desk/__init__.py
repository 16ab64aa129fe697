"""What people do with calsync: the functions that the command line, the pages and the API share."""
