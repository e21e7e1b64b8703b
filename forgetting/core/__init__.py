"""What every other package uses: errors, settings, limits, seeding, parallel work, writing files."""
