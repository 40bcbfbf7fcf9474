package netpol

// ParseFlow is for the scripts, which see the package from outside.
var ParseFlow = parseFlow
