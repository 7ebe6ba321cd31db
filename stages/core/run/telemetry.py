"""Switch telemetry off. This must happen before any library is imported."""

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "true",
}
"""Environment variables that stop Prefect, DVC and the model hub's client from reporting use."""
