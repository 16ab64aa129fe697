"""The store on PostgreSQL. Only this package needs psycopg, which the extra `calsync[postgres]` brings."""
