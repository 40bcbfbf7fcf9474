package network

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol/flowlog"
)

// Flow logs: which flows of a target are written into files, in which form, and for how
// long (articles/network-watcher/nsg-flow-logs-overview.md, vnet-flow-logs-overview.md).
// Package internal/flowlog writes them.

const (
	typeFlowLogs = typeWatchers + "/flowLogs"
	typeAccounts = "Microsoft.Storage/storageAccounts"

	// maxRetention is for how many days files can be kept; 0 is for ever.
	maxRetention = 365
	codeFlowLog  = "InvalidFlowLog"
)

// accountName is the name of a storage account.
var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// FlowLog is a flow log as stored.
type FlowLog struct {
	Version   int        `json:"v"`
	GUID      string     `json:"guid"`
	Target    string     `json:"target"` // resource ID
	Storage   string     `json:"storage"`
	Enabled   bool       `json:"enabled"`
	Keep      bool       `json:"keep"` // retention is on
	Days      int        `json:"days"`
	Form      int        `json:"form"` // version of the format
	Criteria  string     `json:"criteria,omitempty"`
	Types     string     `json:"types,omitempty"`
	Analytics expr.Value `json:"analytics"` // as given, which is disabled; null if it was not
}

// flowLogBody is what a PUT says of a flow log.
type flowLogBody struct {
	Target    string `json:"targetResourceId"`
	Storage   string `json:"storageId"`
	Enabled   *bool  `json:"enabled"`
	Retention struct {
		Days    int  `json:"days"`
		Enabled bool `json:"enabled"`
	} `json:"retentionPolicy"`
	Format struct {
		Type    string `json:"type"`
		Version int    `json:"version"`
	} `json:"format"`
	Criteria string `json:"enabledFilteringCriteria"`
	Types    string `json:"recordTypes"`
}

// logTargets are the types that a flow log can be of.
var logTargets = map[string]flowlog.Target{
	strings.ToLower(typeGroups): flowlog.OfGroup, strings.ToLower(typeNetworks): flowlog.OfNetwork,
	strings.ToLower(typeSubnets): flowlog.OfSubnet, strings.ToLower(typeInterfaces): flowlog.OfInterface,
}

func putFlowLog(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	body := new(flowLogBody)
	ruleNaming.check(r.ID.Name(), "name", &found)
	if !found.Decode(r.Properties(), body, "properties", codeFormat) {
		return nil, found.Err()
	}
	form := &FlowLog{Version: formVersion, GUID: arm.NewGUID(), Enabled: body.Enabled == nil || *body.Enabled}
	if r.Old != nil {
		was, err := decode[FlowLog](*r.Old)
		if err != nil {
			return nil, err
		}
		form.GUID = was.GUID
		if !arm.SameID(was.Target, body.Target) {
			found.Add(codeFlowLog, "properties.targetResourceId", "Flow log %s is of %s; its target cannot be changed. Delete it, or make another one.", r.ID.Name(), was.Target)
		}
	}
	if err := form.readTarget(tx, r, body.Target, &found); err != nil {
		return nil, err
	}
	form.readForm(body, &found)
	form.readAnalytics(r, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readTarget reads what the log is of: it has to be there, in the log's subscription and
// location, and to have no other log.
func (l *FlowLog) readTarget(tx *store.Tx, r *arm.PutRequest, target string, found *arm.Found) error {
	const member = "properties.targetResourceId"
	id, err := arm.ParseID(target)
	kind, known := logTargets[strings.ToLower(id.Type())]
	if err != nil || !known {
		found.Add(codeReference, member, "'%s' is not the resource ID of a network security group, a virtual network, a subnet or a network interface.", target)
		return nil
	}
	resource, err := arm.Load(tx, id.Key())
	if errors.Is(err, store.ErrNotFound) {
		found.Add(codeReference, member, "Resource %s referenced by flow log '%s' was not found.", target, r.ID.Name())
		return nil
	}
	if err != nil {
		return err
	}
	l.Target = resource.ID
	home := resource
	if parent, nested := id.Parent(); kind == flowlog.OfSubnet && nested {
		if home, err = arm.Load(tx, parent.Key()); err != nil {
			return err
		}
	}
	if !strings.EqualFold(id.Subscription, r.ID.Subscription) || !arm.SameLocation(home.Location, r.Location) {
		found.Add(codeReference, member, "Resource %s referenced by flow log '%s' is in location '%s' of subscription %s; the flow log must be in the same subscription and location.", target, r.ID.Name(), home.Location, id.Subscription)
	}
	logs, err := flowLogsOf(tx, resource.ID)
	for _, other := range logs {
		if !arm.SameID(other.ID, r.ID.String()) {
			found.Add("FlowLogCountLimitReached", member, "Cannot create more than 1 flow log for target resource %s. It has %s: change that one, or delete it.", resource.ID, other.ID)
		}
	}
	return err
}

// readForm reads where the log is written, in which form, what of it, and for how long.
func (l *FlowLog) readForm(body *flowLogBody, found *arm.Found) {
	l.Storage, l.Keep, l.Days, l.Criteria = body.Storage, body.Retention.Enabled, body.Retention.Days, body.Criteria
	account, err := arm.ParseID(body.Storage)
	if err != nil || !strings.EqualFold(account.Type(), typeAccounts) || !accountName.MatchString(account.Name()) {
		found.Add(codeFlowLog, "properties.storageId", "'%s' is not the resource ID of a storage account (/subscriptions/…/resourceGroups/…/providers/%s/NAME, with a name of 3 to 24 lower-case letters and digits). It need not exist: the files lie in the server's data folder.", body.Storage, typeAccounts)
	}
	if l.Days < 0 || l.Days > maxRetention {
		found.Add(codeFlowLog, "properties.retentionPolicy.days", "The retention of %d days is invalid. Give 0, for ever, to %d.", l.Days, maxRetention)
	}
	if body.Format.Type != "" && !strings.EqualFold(body.Format.Type, "JSON") {
		found.Add(codeFlowLog, "properties.format.type", "The format '%s' is not known. Flow logs are written as 'JSON'.", body.Format.Type)
	}
	switch l.Form = body.Format.Version; {
	case l.Form == 0 && l.kind() == flowlog.OfGroup:
		l.Form = 1
	case l.Form == 0:
		l.Form = 2
	case l.Form != 1 && l.Form != 2:
		found.Add(codeFlowLog, "properties.format.version", "The version %d of the format is not known. Give 1 or 2.", l.Form)
	}
	if _, problems := flowlog.ParseCriteria(l.Criteria); len(problems) > 0 {
		found.Add(codeFlowLog, "properties.enabledFilteringCriteria", "The filtering criteria cannot be read: %s.", strings.Join(problems, "; "))
	}
	states, problem := flowlog.ParseStates(body.Types)
	if problem != "" {
		found.Add(codeFlowLog, "properties.recordTypes", "The record types cannot be read: %s.", problem)
	}
	l.Types = strings.Join(strings.Split(string(states), ""), ",")
}

// readAnalytics takes along traffic analytics that are off, and refuses what needs services
// that are not here.
func (l *FlowLog) readAnalytics(r *arm.PutRequest, found *arm.Found) {
	const member = "networkWatcherFlowAnalyticsConfiguration"
	given, _ := r.Properties().Get("flowAnalyticsConfiguration")
	inner, _ := given.Get(member)
	if l.Analytics = given; inner.Kind() == expr.KindObject {
		enabled, _ := inner.Get("enabled")
		if on, _ := enabled.AsBool(); on {
			found.Add("TrafficAnalyticsNotSupported", "properties.flowAnalyticsConfiguration."+member+".enabled", "There is no traffic analytics here, which needs a Log Analytics workspace. Leave it out, or set enabled to false; the log's files can be read by any tool that knows their form.")
		}
	}
	identity, _ := r.Body.Get("identity")
	kind, _ := identity.Get("type")
	if text, _ := kind.AsString(); text != "" && !strings.EqualFold(text, "None") {
		found.Add("FlowLogIdentityNotSupported", "identity.type", "A flow log has no identity here: its files lie in the server's data folder, which needs none. Leave it out, or set type to 'None'.")
	}
}

// kind is what the target is.
func (l *FlowLog) kind() flowlog.Target {
	id, _ := arm.ParseID(l.Target)
	return logTargets[strings.ToLower(id.Type())]
}

// flowLogEntry is a flow log with where it is.
type flowLogEntry struct {
	arm.Resource
	form *FlowLog
}

// flowLogsOf are the flow logs of a target, of which there is one at most.
func flowLogsOf(tx *store.Tx, target string) (found []flowLogEntry, err error) {
	all, err := arm.List(tx, store.Query{Type: typeFlowLogs})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		form, err := decode[FlowLog](r)
		if err != nil {
			return nil, err
		}
		if arm.SameID(form.Target, target) {
			found = append(found, flowLogEntry{r, form})
		}
	}
	return found, nil
}

// withoutLogs has the flow log of a resource of the type deleted with it, as in Azure
// (nsg-flow-logs-manage.md), unless that is locked.
func withoutLogs(t arm.Type) arm.Type {
	if _, logged := logTargets[strings.ToLower(t.Name)]; !logged {
		return t
	}
	remove := t.Delete
	t.Delete = func(ctx context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
		if err := remove(ctx, tx, r); err != nil {
			return err
		}
		return endFlowLogs(tx, r.Old.ID)
	}
	return t
}

// endFlowLogs deletes the flow logs of a target.
func endFlowLogs(tx *store.Tx, target string) error {
	logs, err := flowLogsOf(tx, target)
	if err != nil {
		return err
	}
	for _, l := range logs {
		id, err := arm.ParseID(l.ID)
		if err != nil {
			return err
		}
		if err := arm.CheckDeletable(tx, id); err != nil {
			return err
		}
		if err := tx.DeleteResource(l.Key); err != nil {
			return err
		}
	}
	return nil
}

func deleteFlowLog(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil }

// log is the flow log as it is written, but for the GUID of a security group.
func (l *FlowLog) log(id string) (flowlog.Log, error) {
	account, err := arm.ParseID(l.Storage)
	if err != nil {
		return flowlog.Log{}, err
	}
	criteria, problems := flowlog.ParseCriteria(l.Criteria)
	states, problem := flowlog.ParseStates(l.Types)
	if len(problems) > 0 || problem != "" {
		return flowlog.Log{}, errors.New("network: the filter of flow log " + id + " cannot be read")
	}
	log := flowlog.Log{ID: id, GUID: l.GUID, Target: l.kind(), TargetID: l.Target, Account: strings.ToLower(account.Name()), Version: l.Form, Criteria: criteria, Types: states}
	if l.Keep {
		log.Days = l.Days
	}
	return log, nil
}

func viewFlowLog(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[FlowLog](r)
	if err != nil {
		return expr.Null(), err
	}
	log, err := form.log(r.ID)
	if err != nil {
		return expr.Null(), err
	}
	guid, err := guidOf(tx, form.Target)
	if err != nil {
		return expr.Null(), err
	}
	f := fields{}
	f.text("provisioningState", succeeded)
	f.text("targetResourceId", form.Target)
	f.text("targetResourceGuid", guid)
	f = append(f, form.settings()...)
	f.given("flowAnalyticsConfiguration", form.Analytics)
	f.text("folder", flowlog.DataFolder+"/"+log.Folder())
	return properties(f.value()), nil
}

// settings are the members that both views of a flow log have.
func (l *FlowLog) settings() fields {
	var f, keep, format fields
	f.text("storageId", l.Storage)
	f.add("enabled", expr.Bool(l.Enabled))
	keep.add("days", expr.Int(int64(l.Days)))
	keep.add("enabled", expr.Bool(l.Keep))
	f.add("retentionPolicy", keep.value())
	format.text("type", "JSON")
	format.add("version", expr.Int(int64(l.Form)))
	f.add("format", format.value())
	f.text("enabledFilteringCriteria", l.Criteria)
	f.text("recordTypes", l.Types)
	return f
}

// given adds a member that was given.
func (f *fields) given(name string, v expr.Value) {
	if !v.IsNull() {
		f.add(name, v)
	}
}

// guidOf is the GUID of a target; subnets have none.
func guidOf(tx *store.Tx, target string) (string, error) {
	r, err := arm.Load(tx, target)
	if err != nil {
		return "", err
	}
	switch logTargets[strings.ToLower(r.Type)] {
	case flowlog.OfGroup:
		form, err := decode[Attachment](r)
		if err != nil {
			return "", err
		}
		return form.GUID, nil
	case flowlog.OfNetwork:
		form, err := decode[Network](r)
		if err != nil {
			return "", err
		}
		return form.GUID, nil
	case flowlog.OfInterface:
		form, err := decode[Interface](r)
		if err != nil {
			return "", err
		}
		return form.GUID, nil
	}
	return "", nil
}

// addFlowLogs adds the flow logs of a target to its view, if it has any.
func (f *fields) addFlowLogs(tx *store.Tx, target string) error {
	logs, err := flowLogsOf(tx, target)
	var ids []string
	for _, l := range logs {
		ids = append(ids, l.ID)
	}
	f.references("flowLogs", ids)
	return err
}
