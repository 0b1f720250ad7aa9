"""Where replies and reports arrive. Each adapter turns what a mailbox holds into `models.Incoming`."""
