"""Ways out: `outbox` writes files, `smtp` and `sendgrid` hand mails to a server. Each speaks one vendor."""
