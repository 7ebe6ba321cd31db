"""What every stage shares: artifacts, params, row cache, parallel work, audio, registry, statistics."""
