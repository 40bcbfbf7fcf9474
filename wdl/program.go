package wdl

import (
	"sort"
	"strings"

	"isle/expr"
	"isle/wdl/schema"
)

// Program is a compiled definition. It never changes and may be shared. All
// slices are in definition order.
type Program struct {
	Limits Limits // those it was compiled with

	SchemaVersion string     // "2016-06-01"
	Definition    expr.Value // normalised, logic-api §1.6
	Description   string

	Parameters    []Parameter
	Variables     []Variable // every variable that an InitializeVariable declares
	Triggers      []*Trigger
	Actions       []*Action // all, flat, depth first: Actions[i].Index == i, a parent precedes its children
	Root          *Container
	Containers    []*Container // Root first, then in the order of their owners; Container.Index is its place
	Outputs       []Output
	StaticResults map[string]StaticResult // by lower-case name

	actions    map[string]int // lower-case names
	triggers   map[string]int
	variables  map[string]int
	parameters map[string]int
	response   bool
}

// Parameter is a declared parameter with the value it has in every run of this
// version.
type Parameter struct {
	Name   string
	Type   string     // canonical: String, SecureString, Int, Float, Bool, Array, Object, SecureObject
	Value  expr.Value // supplied, else the default
	Secure bool
	// Expression is set in single-tenant workflows if the value is an expression,
	// such as "@appsetting('x')": the parameter's value is then its result
	// (wdl-semantics §3).
	Expression *expr.Template
}

// Variable is a declared variable.
type Variable struct {
	Name   string
	Type   VariableType
	Action int // index of the InitializeVariable action
}

// VariableType is the canonical spelling of a variable's type.
type VariableType string

// The types of variables (wdl-semantics §11.9).
const (
	VariableArray   VariableType = "Array"
	VariableBoolean VariableType = "Boolean"
	VariableFloat   VariableType = "Float"
	VariableInteger VariableType = "Integer"
	VariableObject  VariableType = "Object"
	VariableString  VariableType = "String"
)

// Initial returns the value of a variable that is initialised without one
// (wdl-semantics §11.9).
func (t VariableType) Initial() expr.Value {
	switch t {
	case VariableArray:
		return expr.Array()
	case VariableBoolean:
		return expr.Bool(false)
	case VariableFloat:
		return expr.Float(0)
	case VariableInteger:
		return expr.Int(0)
	case VariableString:
		return expr.String("")
	}
	return expr.Null()
}

// Accepts reports whether v may be stored in a variable of the type; null is
// accepted for String, Array and Object (wdl-semantics §11.9).
func (t VariableType) Accepts(v expr.Value) bool {
	switch v.Kind() {
	case expr.KindNull:
		return t == VariableString || t == VariableArray || t == VariableObject
	case expr.KindBool:
		return t == VariableBoolean
	case expr.KindInt, expr.KindBigInt:
		return t == VariableInteger || t == VariableFloat
	case expr.KindFloat, expr.KindDecimal:
		return t == VariableFloat
	case expr.KindString:
		return t == VariableString
	case expr.KindArray:
		return t == VariableArray
	case expr.KindObject:
		return t == VariableObject
	}
	ref, ok := v.AsReference()
	return ok && (ref.Kind == expr.KindString && t == VariableString ||
		ref.Kind == expr.KindArray && t == VariableArray ||
		ref.Kind == expr.KindObject && t == VariableObject)
}

// Output is an output of the workflow, evaluated when a run ends.
type Output struct {
	Name, Type, Description string
	Value                   *expr.Template
	Reads                   *Reads
}

// StaticResult is an entry of the definition's staticResults (wdl-semantics §12.7).
type StaticResult struct {
	Name    string
	Status  Status     // Succeeded if the entry names none
	Code    string     // "OK" for statusCode "OK" or 200; empty if the entry has no statusCode
	Outputs expr.Value // null if absent
	Error   expr.Value // {code, message} or null
}

// Action is one action of a Program.
type Action struct {
	Index      int // place in Program.Actions
	End        int // Actions[Index+1:End] are its descendants
	Name       string
	Type       Type
	Kind       string     // as written
	Container  *Container // where it stands
	RunAfter   []Predecessor
	Successors []int // indexes of the siblings that name it in runAfter
	Depth      int   // number of enclosing loops
	Loops      []int // indexes of the enclosing loops, outermost first

	// Inputs is the whole `inputs` member as authored, with retryPolicy; nil if there
	// is none, and for types whose parts are evaluated one by one: see Data,
	// Variable, Subscribe. For JavaScriptCode it lacks the code.
	Inputs      *expr.Template
	Subscribe   *expr.Template // webhooks; nil: Inputs says all, or is an expression
	Unsubscribe *expr.Template // webhooks; may read action()
	Code        string         // JavaScriptCode: not a template
	CodeNames   []CodeName     // JavaScriptCode: the actions that it reads, each as it spells them

	Condition  *expr.Template // If, Until: gives a boolean
	Subject    *expr.Template // Foreach: the collection; Switch: the value
	Expression string         // of Condition or Subject, as written, for error texts

	Branches []*Container // Scope, Foreach, Until: one; If: actions, else; Switch: cases in order, then default
	Cases    []Case       // Switch: one for each branch

	Limit            Limit
	Retry            *RetryPolicy // nil: the operation makes no requests
	UnsubscribeRetry *RetryPolicy // of a webhook's unsubscribe; nil for other types
	Concurrency      int          // Foreach: most iterations at once; 0 = default 20, 1 = sequential
	Options          OptionSet
	Pagination       int // minimumItemCount; 0 = off
	Chunked          bool
	// UploadChunk and DownloadChunk are uploadChunkSizeInMB and downloadChunkSizeInMB; 0:
	// not given.
	UploadChunk, DownloadChunk int

	SecureInputs, SecureOutputs bool
	TrackedProperties           *expr.Template // nil if there are none
	StaticResult                *StaticResult  // set if enabled: give this instead of executing

	Data     *DataOperation // Query, Select, Join, Table, ParseJson
	Variable *VariableUse   // the variable actions

	Reads Reads
}

// CodeName is the name by which inline code reads an action. Action names ignore case,
// members of JavaScript's objects do not.
type CodeName struct {
	Name   string
	Action int // in Program.Actions
}

// Case is the value of one branch of a Switch.
type Case struct {
	Name      string
	Value     expr.Value // string or integer
	IsDefault bool
}

// DataOperation holds the parts of a data operation, each its own template, since
// those with item() are evaluated for every row.
type DataOperation struct {
	From        *expr.Template // Query, Select, Join, Table
	Where       *expr.Template // Query
	Select      *expr.Template // Select
	JoinWith    *expr.Template // Join
	Format      *expr.Template // Table: CSV or HTML
	Columns     []Column       // Table; nil: from the rows
	Schema      *schema.Schema // ParseJson, if static and valid
	SchemaError error          // why a static schema cannot be used; the action fails with it
}

// Column is a column of a Table action.
type Column struct{ Header, Value *expr.Template }

// VariableUse says what a variable action does to which variables.
type VariableUse struct {
	Declared []Declaration  // InitializeVariable
	Name     string         // the others: as written
	Index    int            // the others: in Program.Variables
	Value    *expr.Template // the others; nil: not given
}

// Declaration is one entry of InitializeVariable.
type Declaration struct {
	Index int            // in Program.Variables
	Value *expr.Template // nil: not given
}

// Limit is the `limit` of an action or trigger. Both may be expressions.
type Limit struct {
	Count   *expr.Template // Until; nil: 60
	Timeout *expr.Template // ISO 8601; nil: the type's default
}

// Reads says what an action's templates name, so that the engine can have it at
// hand before it evaluates them.
type Reads struct {
	Actions    []int // whose records are read, ascending
	Records    []int // of Actions those that are read with their inputs: actions(), inline code; ascending
	Results    []int // scopes read through result(), ascending
	Variables  []int // in Program.Variables, ascending
	Parameters []int // in Program.Parameters, ascending
	Loops      []int // loops read through items() or iterationIndexes(), ascending
	Item       bool  // item() of the innermost Foreach
	Trigger    bool
	Fired      bool // the trigger is read with its inputs: trigger(), inline code
	Self       bool // action()
	Workflow   bool
	// Dynamic is set if a name is computed: any record may be read.
	Dynamic bool
}

// Predecessor is an entry of runAfter.
type Predecessor struct {
	Action   int
	Statuses StatusSet
	Expected string // the statuses in the order of the definition, as messages list them
}

// Container is a graph of sibling actions: the workflow, or a branch of a
// container action.
type Container struct {
	Index   int
	Owner   *Action // nil for the root
	Branch  int     // place in Owner.Branches
	Actions []int
	First   []int // those without runAfter
	Leaves  []int // those that nobody lists in runAfter (wdl-semantics §13.3)
}

// Trigger is one trigger of a Program.
type Trigger struct {
	Index int
	Name  string
	Type  Type
	Kind  string

	Inputs                      *expr.Template // nil if there are none, and for HttpWebhook
	Subscribe                   *expr.Template // HttpWebhook; of ApiConnectionNotification the inputs without fetch
	Unsubscribe                 *expr.Template // HttpWebhook
	Fetch                       *expr.Template // of ApiConnectionNotification the inputs without subscribe
	Recurrence                  *Recurrence    // polling and scheduled types
	Delay                       Duration       // SlidingWindow
	Conditions                  []*expr.Template
	SplitOn                     *expr.Template
	ClientTrackingID            *expr.Template  // correlation
	SplitOnClientTrackingID     *expr.Template  // splitOnConfiguration.correlation
	Request                     *RequestTrigger // Request and Manual
	Batch                       *BatchTrigger   // Batch
	Limit                       Limit
	Retry                       *RetryPolicy // nil: makes no requests
	UnsubscribeRetry            *RetryPolicy // of HttpWebhook's unsubscribe; nil for other types
	Runs                        int          // concurrency.runs; 0 = unlimited
	MaximumWaitingRuns          int          // 0 = the default, Runs+10
	Options                     OptionSet
	SecureInputs, SecureOutputs bool
	TrackedProperties           *expr.Template
	Reads                       Reads
	Checks                      bool // a condition mentions the status code: the default "200 only" rule is off
}

// Polls reports whether a trigger asks for news by requests of its own, on its
// recurrence (wdl-semantics §10.3).
func (t *Trigger) Polls() bool {
	return t.Type == TypeHTTP || t.Type == TypeAPIConnection || t.Type == TypeAPIManagement
}

// RequestTrigger is what a Request trigger accepts.
type RequestTrigger struct {
	Method string         // upper case; "" = not given
	Path   *PathPattern   // nil = no relative path
	Schema *schema.Schema // set if EnableSchemaValidation and the schema is usable
	// Inputs are those of the definition, with the schema, if it has one and the others
	// are literal; else null. They are the trigger record's, and not kept with each run.
	Inputs expr.Value
}

// BatchTrigger is what a Batch trigger collects (wdl-semantics §10.6).
type BatchTrigger struct {
	Configurations []BatchConfiguration // those of mode Inline
	// Group is the batch group of the workflow's integration account that has the
	// configurations, in mode IntegrationAccount; "": they are those above.
	Group string
}

// BatchConfiguration says when the messages of a batch name are released: when any
// criterion is met.
type BatchConfiguration struct {
	Name       string
	Messages   int         // messageCount; 0: no criterion
	Bytes      int64       // batchSize; 0: no criterion
	Recurrence *Recurrence // nil: no criterion
	// What a batch may hold at most, whatever the criteria (wdl-semantics §17).
	MostMessages int
	MostBytes    int64
}

// Released are the number and the bytes of messages that make a batch.
func (c BatchConfiguration) Released() (messages int, bytes int64) {
	messages, bytes = c.MostMessages, c.MostBytes
	if c.Messages > 0 {
		messages = min(messages, c.Messages)
	}
	if c.Bytes > 0 {
		bytes = min(bytes, c.Bytes)
	}
	return messages, bytes
}

// Configuration returns that of a batch name, ignoring case.
func (b *BatchTrigger) Configuration(name string) (BatchConfiguration, bool) {
	for _, c := range b.Configurations {
		if fold(c.Name) == fold(name) {
			return c, true
		}
	}
	return BatchConfiguration{}, false
}

// Action returns the action of that name, ignoring case.
func (p *Program) Action(name string) (*Action, bool) {
	if i, ok := p.actions[fold(name)]; ok {
		return p.Actions[i], true
	}
	return nil, false
}

// Trigger returns the trigger of that name, ignoring case.
func (p *Program) Trigger(name string) (*Trigger, bool) {
	if i, ok := p.triggers[fold(name)]; ok {
		return p.Triggers[i], true
	}
	return nil, false
}

// Variable returns the place of the variable of that name, ignoring case.
func (p *Program) Variable(name string) (int, bool) {
	i, ok := p.variables[fold(name)]
	return i, ok
}

// Parameter returns the parameter of that name, ignoring case.
func (p *Program) Parameter(name string) (*Parameter, bool) {
	if i, ok := p.parameters[fold(name)]; ok {
		return &p.Parameters[i], true
	}
	return nil, false
}

// ResponseExpected reports whether a Response action exists, so that the caller
// of a Request trigger waits for it.
func (p *Program) ResponseExpected() bool { return p.response }

// fold makes the key by which names are found.
func fold(name string) string { return strings.ToLower(name) }

func insert(list []int, i int) []int {
	at := sort.SearchInts(list, i)
	if at < len(list) && list[at] == i {
		return list
	}
	list = append(list, 0)
	copy(list[at+1:], list[at:])
	list[at] = i
	return list
}
