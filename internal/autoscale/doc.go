// Package autoscale is Microsoft.Insights/autoscaleSettings: scale conditions that change
// the capacity of an environment by schedule or load (ise.md #124 to #130).
//
// A setting has profiles. The one in force is that of a fixed date, else the recurring one
// that began last, else the one without a time; it bounds the capacity, and its rules
// change it. What a setting comes to is decided by a pure function of the time, the
// capacity and the metrics; once a minute a durable task asks it, and has the environment
// changed by a PATCH of its own resource, in the name of who saved the setting, so that
// access, locks and validation hold as for everybody, and the activity log tells of it.
// When a setting scaled last is stored in that PATCH's transaction: after a crash nothing
// is done twice.
//
// Notifications, predictions and dimensions are refused by name.
package autoscale
