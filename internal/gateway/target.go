package gateway

import (
	"net/url"
	"strings"

	"isle/internal/account"
	"isle/internal/dataplane"
	vnet "isle/internal/network"
)

type targetKind uint8

const (
	targetTrigger targetKind = iota
	targetContent
	targetOperation
	targetFiring // content of a firing without a run
	targetCallback
	targetArtifact // what an artifact of an integration account holds
	targetCapture  // what a packet capture has captured
)

// Route names what an escaped path of the access endpoint is about: "trigger",
// "callback", "operation", "content", or "access" for nothing there is.
func Route(escaped string) string {
	t, ok := parseTarget(escaped)
	if !ok {
		return "access"
	}
	return [...]string{targetTrigger: "trigger", targetContent: "content", targetOperation: "operation", targetFiring: "content", targetCallback: "callback", targetArtifact: "content", targetCapture: "content"}[t.kind]
}

// target is what a path names. Names are decoded; relativePath is not, as a
// template's segments are compared before they are decoded.
type target struct {
	kind         targetKind
	flowID       string // or the id of an integration account, or of a packet capture
	version      string // of a versioned trigger
	trigger      string
	relativePath string // escaped, without a leading slash
	history      string // of a firing without a run
	run          string
	action       string
	repetition   string
	scope        bool // the repetition is of a container
	content      string
	operation    string
	segment      string // kind of the artifact, such as "schemas"
	artifact     string
}

// permission is what the signature must grant.
func (t target) permission() string {
	switch t.kind {
	case targetTrigger:
		if t.version != "" {
			return "/versions/" + t.version + "/triggers/" + t.trigger + "/run"
		}
		return "/triggers/" + t.trigger + "/run"
	case targetArtifact:
		return account.Permission(t.segment, t.artifact)
	case targetCapture:
		return vnet.CapturePermission(t.flowID)
	case targetFiring:
		return "/triggers/" + t.trigger + "/histories/" + t.history + "/contents/" + t.content + "/read"
	case targetOperation:
		return "/runs/" + t.run + "/operations/" + t.operation + "/read"
	case targetCallback:
		return "/runs/" + t.run + t.owner() + "/run"
	}
	return "/runs/" + t.run + t.owner() + "/contents/" + t.content + "/read"
}

// subject is what of a workflow is called.
func (t target) subject(workflow string) dataplane.Subject {
	if t.action != "" {
		return dataplane.Subject{Workflow: workflow, Name: t.action}
	}
	return dataplane.Subject{Workflow: workflow, Name: t.trigger, Trigger: true}
}

// owner is the record's place below the run.
func (t target) owner() string {
	switch {
	case t.action == "":
		return ""
	case t.repetition == "":
		return "/actions/" + t.action
	case t.scope:
		return "/actions/" + t.action + "/scopeRepetitions/" + t.repetition
	}
	return "/actions/" + t.action + "/repetitions/" + t.repetition
}

// path hands out the segments of an escaped path.
type path struct {
	rest string // begins with a slash, or is empty
	bad  bool
}

// next is the decoded next segment. An empty one, or one that would mean another
// directory, names nothing.
func (p *path) next() string {
	if !strings.HasPrefix(p.rest, "/") {
		p.bad = true
		return ""
	}
	raw := p.rest[1:]
	if i := strings.IndexByte(raw, '/'); i >= 0 {
		raw, p.rest = raw[:i], raw[i:]
	} else {
		p.rest = ""
	}
	segment, err := url.PathUnescape(raw)
	if err != nil || segment == "" || segment == "." || segment == ".." {
		p.bad = true
	}
	return segment
}

// is takes the next segment, which must be this word in any case.
func (p *path) is(word string) {
	if !strings.EqualFold(p.next(), word) {
		p.bad = true
	}
}

func (p *path) done() bool { return !p.bad && p.rest == "" }

// parseTarget reads the paths of logic-api §1.7.
func parseTarget(escaped string) (target, bool) {
	p := &path{rest: escaped}
	var t target
	switch strings.ToLower(p.next()) {
	case "workflows":
	case "integrationaccounts":
		t.readArtifact(p)
		return t, p.done()
	case "packetcaptures":
		t.kind, t.flowID = targetCapture, p.next()
		p.is("contents")
		p.is("Value")
		return t, p.done()
	default:
		return t, false
	}
	t.flowID = p.next()
	switch strings.ToLower(p.next()) {
	case "versions":
		t.version = p.next()
		p.is("triggers")
		t.readTrigger(p)
		return t, !p.bad
	case "triggers":
		if rest := strings.SplitN(p.rest, "/", 4); len(rest) > 2 && strings.EqualFold(rest[2], "histories") {
			t.readFiring(p)
			return t, p.done()
		}
		t.readTrigger(p)
		return t, !p.bad
	case "runs":
		t.readRun(p)
		return t, p.done()
	}
	return t, false
}

// readTrigger leaves everything after "invoke" to the trigger.
func (t *target) readTrigger(p *path) {
	t.kind = targetTrigger
	t.trigger = p.next()
	p.is("paths")
	p.is("invoke")
	t.relativePath = strings.TrimPrefix(p.rest, "/")
}

func (t *target) readArtifact(p *path) {
	t.kind = targetArtifact
	t.flowID = p.next()
	t.segment = p.next()
	t.artifact = p.next()
	p.is("contents")
	p.is("Value")
}

func (t *target) readFiring(p *path) {
	t.kind = targetFiring
	t.trigger = p.next()
	p.is("histories")
	t.history = p.next()
	p.is("contents")
	t.content = p.next()
}

func (t *target) readRun(p *path) {
	t.run = p.next()
	switch strings.ToLower(p.next()) {
	case "operations":
		t.kind = targetOperation
		t.operation = p.next()
		return
	case "contents":
	case "actions":
		t.readAction(p)
		return
	default:
		p.bad = true
	}
	t.kind = targetContent
	t.content = p.next()
}

// readAction reads what is below an action: its contents or its callback, or those of
// a repetition. An iteration of a loop has no callback.
func (t *target) readAction(p *path) {
	t.kind = targetContent
	t.action = p.next()
	last := strings.ToLower(p.next())
	switch last {
	case "scoperepetitions":
		t.scope = true
		fallthrough
	case "repetitions":
		t.repetition = p.next()
		last = strings.ToLower(p.next())
	}
	switch {
	case last == "contents":
		t.content = p.next()
	case last == "run" && !t.scope:
		t.kind = targetCallback
	default:
		p.bad = true
	}
}
