"""The speed run: how fast an optimizer reaches fixed targets under fixed rules, with a certificate to confirm it."""
