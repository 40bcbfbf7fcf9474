package network

import (
	"context"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/netpol"
)

// The service tags as the API lists them: those of the tag file with their prefixes,
// then the names that rules may use and the file does not have (network.md §A4).

const (
	tagPage  = 100 // of serviceTagDetails
	mostTags = 1000
)

// listedTags are the tags of the file, then the built-in names it does not have.
func listedTags(file netpol.TagFile) []netpol.ServiceTag {
	tags := append([]netpol.ServiceTag(nil), file.Tags...)
	have := map[string]bool{}
	for _, t := range tags {
		have[strings.ToLower(t.Name)] = true
	}
	for _, name := range strings.Fields(serviceTagNames) {
		if !have[strings.ToLower(name)] {
			tags = append(tags, netpol.ServiceTag{Name: name, ID: name, ChangeNumber: changeNumber(file.ChangeNumber)})
		}
	}
	return tags
}

func changeNumber(given string) string {
	if given == "" {
		return "1"
	}
	return given
}

// tagView is a service tag as both lists show it.
func tagView(t *netpol.ServiceTag, prefixes bool) expr.Value {
	var f, p fields
	f.text("name", t.Name)
	f.text("id", t.ID)
	f.text("serviceTagChangeNumber", t.ChangeNumber)
	p.text("changeNumber", t.ChangeNumber)
	p.add("region", expr.String(t.Region))
	p.add("systemService", expr.String(t.SystemService))
	if prefixes {
		p.add("addressPrefixes", textArray(prefixTexts(t.Prefixes)))
	}
	p.text("state", "GA")
	f.add("properties", p.value())
	return f.value()
}

// serviceTags answers GET …/locations/{location}/serviceTags with all of them.
func (p *Policies) serviceTags(_ context.Context, r *arm.Request) (*arm.Response, error) {
	file := p.tags.Load().file
	tags := listedTags(file)
	values := make([]expr.Value, len(tags))
	for i := range tags {
		values[i] = tagView(&tags[i], true)
	}
	cloud := file.Cloud
	if cloud == "" {
		cloud = "Public"
	}
	var f fields
	f.text("name", cloud)
	f.text("id", "/subscriptions/"+r.Values["subscription"]+"/providers/Microsoft.Network/locations/"+r.Values["location"]+"/serviceTags/"+cloud)
	f.text("type", "Microsoft.Network/serviceTags")
	f.text("changeNumber", changeNumber(file.ChangeNumber))
	f.text("cloud", cloud)
	f.add("values", expr.Array(values...))
	return arm.Reply(f.value()), nil
}

// serviceTagDetails answers GET …/locations/{location}/serviceTagDetails, page by
// page; tagName gives one tag, noAddressPrefixes leaves the prefixes out.
func (p *Policies) serviceTagDetails(_ context.Context, r *arm.Request) (*arm.Response, error) {
	after, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	top, err := r.Top(tagPage, mostTags)
	if err != nil {
		return nil, err
	}
	name, bare := r.Query.Get("tagname"), strings.EqualFold(r.Query.Get("noaddressprefixes"), "true")
	values, passed := []expr.Value{}, after == ""
	file := p.tags.Load().file
	tags := listedTags(file)
	for i := range tags {
		t := &tags[i]
		switch {
		case !passed:
			passed = t.Name == after
		case name != "" && !strings.EqualFold(name, t.Name):
		case len(values) == top:
			return arm.Page(values, r.NextLink(lastTag(values))), nil
		default:
			values = append(values, tagView(t, !bare))
		}
	}
	return arm.Page(values, ""), nil
}

func lastTag(values []expr.Value) string {
	name, _ := values[len(values)-1].Get("name")
	return name.Text()
}
