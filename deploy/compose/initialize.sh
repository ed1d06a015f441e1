#!/bin/sh
# Run once by the database's image, on an empty volume.
PGUSER=postgres exec make-database /run/secrets/owner_password /run/secrets/app_password
