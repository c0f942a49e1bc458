"""Events become messages to people: alert lifecycle, wording, outbox and signed delivery."""
