package network

import (
	"context"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

// What network watchers of Azure know of Internet service providers: how well those of a
// place reach its regions. Nobody measures that here, so there is no provider and no
// latency to tell of; the requests are checked as documented.

type placeBody struct {
	Country string `json:"country"`
	State   string `json:"state"`
	City    string `json:"city"`
}

// check reports a place that leaves out what it is in.
func (b *placeBody) check(at string, found *arm.Found) {
	for _, m := range []struct{ inner, outer, name, of string }{{b.City, b.State, "city", "state"}, {b.State, b.Country, "state", "country"}} {
		if m.inner != "" && m.outer == "" {
			found.Add(codeFormat, inside(at, m.of), "The %s '%s' is given without its %s. Give that as well.", m.name, m.inner, m.of)
		}
	}
}

// level is the narrowest part that a place has.
func (b *placeBody) level() string {
	switch {
	case b.City != "":
		return "City"
	case b.State != "":
		return "State"
	}
	return "Country"
}

// availableProviders answers POST {watcher}/availableProvidersList: there are none.
func (p *provider) availableProviders(_ context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body struct {
		placeBody
		Locations []string `json:"azureLocations"`
	}
	if found.Decode(r.Body, &body, "", codeFormat) {
		body.check("", &found)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	var f fields
	f.add("countries", expr.Array())
	return arm.Reply(f.value()), nil
}

// reachabilityReport answers POST {watcher}/azureReachabilityReport: with nothing measured.
func (p *provider) reachabilityReport(_ context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body struct {
		Place     *placeBody `json:"providerLocation"`
		Providers []string   `json:"providers"`
		Locations []string   `json:"azureLocations"`
		Start     string     `json:"startTime"`
		End       string     `json:"endTime"`
	}
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	if body.Place == nil || body.Place.Country == "" {
		found.Add(codeFormat, "providerLocation.country", "providerLocation is required: an object with the country, and perhaps its state and city.")
	}
	if body.Place == nil {
		body.Place = &placeBody{}
	}
	body.Place.check("providerLocation", &found)
	start, end := timeOf(body.Start, "startTime", &found), timeOf(body.End, "endTime", &found)
	if !start.IsZero() && !end.IsZero() && !end.After(start) {
		found.Add(codeFormat, "endTime", "endTime %s is not after startTime %s.", body.End, body.Start)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	var f, place fields
	place.text("country", body.Place.Country)
	place.text("state", body.Place.State)
	place.text("city", body.Place.City)
	f.text("aggregationLevel", body.Place.level())
	f.add("providerLocation", place.value())
	f.add("reachabilityReport", expr.Array())
	return arm.Reply(f.value()), nil
}

// timeOf reads a required time; zero if it cannot be read, which is reported.
func timeOf(text, member string, found *arm.Found) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		found.Add(codeFormat, member, "%s '%s' is not a time. Give one such as 2017-09-07T00:00:00Z.", member, text)
		return time.Time{}
	}
	return t
}
