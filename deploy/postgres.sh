#!/bin/sh
# Makes the app's role and database on the first start; runs inside the image of PostgreSQL.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$MULTIDB_PASSWORD" --username postgres <<'SQL'
CREATE ROLE multidb LOGIN PASSWORD :'password';
CREATE DATABASE multidb OWNER multidb;
SQL
