package netpol

func requiredTags() []string { return nil }
