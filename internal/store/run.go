package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Run is one run of a workflow, in the environment's database. Names sort newest
// first, as the service's do.
type Run struct {
	ID       int64  // number of the row, in the order of creation; set by the store
	Name     string // unique in the database
	Workflow string // flow id
	Version  string
	Trigger  string
	Status   string
	Code     string
	// ErrorCode and ErrorMessage say why it failed; sealed.
	ErrorCode, ErrorMessage string
	Start, End              time.Time // UTC; End is zero while it is open
	Wake                    time.Time // UTC; when it wants to be woken, zero: never
	ClientTrackingID        string
	// Queued says that it waits for its turn and has not begun; WaitEnd is when that
	// wait ended, zero for a run that never waited.
	Queued  bool
	WaitEnd time.Time // UTC
	// Resting says that it is open, and nothing of it is under way: it waits for Wake or
	// for somebody who calls. A process that takes over leaves it until then.
	Resting  bool
	Revision int64  // of the stored run; see UpdateRun
	Owner    string // who wrote it last; set by the store
	Epoch    int64  // likewise
	Head     []byte // the engine's; sealed; not read by lists
}

// RunQuery selects runs, newest start first. All conditions given must hold. Each page
// takes about as long as it has runs, however many there are; with Trigger and one of
// ClientTrackingID and ErrorCode, as many runs are looked at as have these.
type RunQuery struct {
	Workflow         string    // flow id; "" is every workflow of the environment
	Trigger          string    // ignoring case; "" is every one. Needs Workflow
	Status           []string  // ignoring case
	From, To         time.Time // From <= Start < To
	ClientTrackingID string    // ignoring case
	ErrorCode        string    // of the run's error, ignoring case
	After            Place     // of the last run of the page before
	Limit            int       // 0: all
}

// Place is where the run stands in lists.
func (r Run) Place() Place { return Place{r.Start, r.ID} }

// runID remembers the row of the run that was used last.
type runID struct {
	name string
	id   int64
}

// rows are the rows of runs by name, of as many as are written at a time: each commit of
// a run looks for it. What a call that was undone has put there goes with all others.
type rows map[string]int64

const maxRows = 4096

func (r *rows) put(name string, id int64) {
	if *r == nil || len(*r) == maxRows {
		*r = make(rows)
	}
	(*r)[name] = id
}

type runDetail struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

func (tx *Tx) sealDetail(r Run) (driver.Value, error) {
	if r.ErrorCode == "" && r.ErrorMessage == "" {
		return nil, nil
	}
	text, err := json.Marshal(runDetail{r.ErrorCode, r.ErrorMessage})
	return tx.seal(text, "runs.detail", r.Name), err
}

// CreateRun stores a new run with Revision 1, owned by this process; ErrExists if the
// name is taken.
func (tx *Tx) CreateRun(r Run) error {
	detail, err := tx.sealDetail(r)
	if err != nil {
		return err
	}
	var id int64
	if !tx.writable {
		return ErrReadOnly
	}
	if id, err = tx.nextID(&tx.runs, `SELECT max(id) FROM runs`); err != nil {
		return err
	}
	n, err := tx.exec(`INSERT INTO runs (id, name, workflow, version, trigger, status, code, started, ended, wake, tracking, revision, owner, epoch, detail, head, waited, error, finished, resting)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		id, r.Name, r.Workflow, r.Version, r.Trigger, r.Status, r.Code, fromTime(r.Start), fromTime(r.End), fromTime(r.Wake), r.tracking(),
		tx.db.Owner(), tx.db.epoch, detail, tx.seal(r.Head, "runs.head", r.Name), r.waited(), tx.db.errorToken(r.ErrorCode), tx.finish(r), r.resting())
	if err == nil && n == 0 {
		return fmt.Errorf("run %s: %w", r.Name, ErrExists)
	}
	if err == nil {
		tx.run = runID{r.Name, id}
		tx.note(r, id)
	}
	return err
}

// note remembers the row of a run that will be written again.
func (tx *Tx) note(r Run, id int64) {
	if r.End.IsZero() {
		tx.begun.put(r.Name, id)
	} else {
		delete(tx.begun, r.Name)
	}
}

// tracking is NULL in the common case that the id is the run's name.
func (r Run) tracking() driver.Value {
	if r.ClientTrackingID == r.Name {
		return nil
	}
	return r.ClientTrackingID
}

// finish is the number of a run that has ended, among those that have; a run that is
// written after its end gets a new one, so that it counts as having ended again.
func (tx *Tx) finish(r Run) driver.Value {
	if r.End.IsZero() {
		return nil
	}
	return tx.db.ended.Add(1)
}

// waited is the column of that name.
func (r Run) waited() driver.Value {
	if r.Queued {
		return int64(0)
	}
	return fromTime(r.WaitEnd)
}

// resting is the column of that name.
func (r Run) resting() driver.Value {
	if r.Resting {
		return int64(1)
	}
	return nil
}

// UpdateRun stores a run whose stored revision is still r.Revision, and makes that
// r.Revision+1 and this process its owner. Another revision gives ErrConflict: there
// is a second writer, who must stop. A nil Head keeps the stored one; a WaitEnd ends
// the wait of a queued run. Name, Workflow, Trigger, Start and ClientTrackingID do not
// change.
func (tx *Tx) UpdateRun(r Run) error {
	if !tx.writable {
		return ErrReadOnly
	}
	id, err := tx.runID(r.Name)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.Name, err)
	}
	detail, err := tx.sealDetail(r)
	if err != nil {
		return err
	}
	set, args := `status = ?, code = ?, ended = ?, wake = ?, version = ?, detail = ?, error = ?, finished = ?, resting = ?`, make([]driver.Value, 0, 15)
	args = append(args, r.Status, r.Code, fromTime(r.End), fromTime(r.Wake), r.Version, detail, tx.db.errorToken(r.ErrorCode), tx.finish(r), r.resting())
	if r.Head != nil {
		set += `, head = ?`
		args = append(args, tx.seal(r.Head, "runs.head", r.Name))
	}
	if !r.WaitEnd.IsZero() {
		set += `, waited = ?`
		args = append(args, fromTime(r.WaitEnd))
	}
	args = append(args, tx.db.Owner(), tx.db.epoch, id, r.Revision)
	n, err := tx.exec(`UPDATE runs SET `+set+`, revision = revision + 1, owner = ?, epoch = ? WHERE id = ? AND revision = ?`, args...)
	if err == nil && n == 0 {
		return tx.refused(r.Name)
	}
	if err == nil {
		tx.note(r, id)
	}
	return err
}

// UpdateHead is [Tx.UpdateRun] for a run of which nothing but the head differs from what
// is stored ([Run.SameButHead]). It leaves the indexes alone, which UpdateRun writes anew.
func (tx *Tx) UpdateHead(r Run) error {
	if !tx.writable {
		return ErrReadOnly
	}
	id, err := tx.runID(r.Name)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.Name, err)
	}
	// Of an earlier process's run the owner changes, too.
	n, err := tx.exec(`UPDATE runs SET head = ?, revision = revision + 1 WHERE id = ? AND revision = ? AND epoch = ?`,
		tx.seal(r.Head, "runs.head", r.Name), id, r.Revision, tx.db.epoch)
	if err == nil && n == 0 {
		return tx.UpdateRun(r)
	}
	return err
}

// SameButHead says whether a run differs from how it was stored in its head only.
func (r Run) SameButHead(stored Run) bool {
	return r.Status == stored.Status && r.Code == stored.Code && r.Version == stored.Version &&
		r.ErrorCode == stored.ErrorCode && r.ErrorMessage == stored.ErrorMessage &&
		r.End.Equal(stored.End) && r.Wake.Equal(stored.Wake) &&
		r.Queued == stored.Queued && r.WaitEnd.Equal(stored.WaitEnd) && r.Resting == stored.Resting
}

// refused tells a run that is not there from one that somebody else wrote.
func (tx *Tx) refused(name string) error {
	if _, err := tx.runID(name); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return fmt.Errorf("run %s: %w", name, ErrConflict)
}

// ClaimRun makes this process the owner of a run that a process that is gone left
// open, and returns it with its new revision. ErrConflict: it is this process's
// already, or closed.
func (tx *Tx) ClaimRun(name string) (Run, error) {
	n, err := tx.exec(`UPDATE runs SET revision = revision + 1, owner = ?, epoch = ? WHERE name = ? AND epoch < ? AND ended IS NULL`,
		tx.db.Owner(), tx.db.epoch, name, tx.db.epoch)
	if err != nil {
		return Run{}, err
	}
	if n == 0 {
		return Run{}, tx.refused(name)
	}
	return tx.Run(name)
}

const runColumns = `name, workflow, version, trigger, status, code, started, ended, wake, tracking, revision, owner, epoch, detail, waited, id, resting`

func (tx *Tx) scanRun(v []driver.Value) (Run, error) {
	r := Run{Name: v[0].(string), Workflow: v[1].(string), Version: v[2].(string), Trigger: v[3].(string), Status: v[4].(string), Code: v[5].(string),
		Start: toTime(v[6]), End: toTime(v[7]), Wake: toTime(v[8]), Revision: v[10].(int64), Owner: v[11].(string), Epoch: v[12].(int64), ID: v[15].(int64), Resting: v[16] != nil}
	r.ClientTrackingID = r.Name
	if id, ok := v[9].(string); ok {
		r.ClientTrackingID = id
	}
	switch at := v[14].(type) {
	case int64:
		if r.Queued = at == 0; !r.Queued {
			r.WaitEnd = toTime(at)
		}
	}
	text, err := tx.open(v[13], "runs.detail", r.Name)
	if err == nil && text != nil {
		var d runDetail
		err = json.Unmarshal(text, &d)
		r.ErrorCode, r.ErrorMessage = d.Code, d.Message
	}
	if err != nil {
		return r, fmt.Errorf("run %s: %w", r.Name, err)
	}
	return r, nil
}

// Run reads a run with its head; ErrNotFound if there is none.
func (tx *Tx) Run(name string) (r Run, err error) {
	if isBuried(name) {
		return Run{}, fmt.Errorf("run %s: %w", name, ErrNotFound)
	}
	err = tx.one(`SELECT head, `+runColumns+` FROM runs WHERE name = ?`, func(v []driver.Value) (err error) {
		if r, err = tx.scanRun(v[1:]); err != nil {
			return err
		}
		r.Head, err = tx.open(v[0], "runs.head", name)
		return err
	}, name)
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", name, err)
	}
	return r, nil
}

func (tx *Tx) runsWhere(sql string, args ...driver.Value) ([]Run, error) {
	var found []Run
	err := tx.query(`SELECT `+runColumns+` FROM runs`+sql, func(v []driver.Value) error {
		r, err := tx.scanRun(v)
		found = append(found, r)
		return err
	}, args...)
	return found, err
}

// Runs lists runs without their heads.
func (tx *Tx) Runs(q RunQuery) ([]Run, error) {
	found, err := tx.runPlaces(q)
	if err != nil {
		return nil, err
	}
	runs := make([]Run, 0, len(found))
	for _, p := range found {
		if err := tx.query(`SELECT `+runColumns+` FROM runs WHERE id = ?`, func(v []driver.Value) error {
			r, err := tx.scanRun(v)
			runs = append(runs, r)
			return err
		}, p.ID); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

func (tx *Tx) runPlaces(q RunQuery) ([]Place, error) {
	s := span{q.From, q.To, q.After, q.Limit}
	a := tx.runAccess(q)
	found, err := tx.places(a, s)
	if err != nil || q.ClientTrackingID == "" {
		return found, err
	}
	// The run that has no other tracking id than its name is not in the index.
	var w where
	w.add(`name IN (?, ?) AND tracking IS NULL`, q.ClientTrackingID, strings.ToUpper(q.ClientTrackingID))
	q.ClientTrackingID = ""
	tx.runRest(&w, q)
	s.bound(&w)
	err = tx.query(`SELECT started, id FROM runs`+w.sql(), func(v []driver.Value) error {
		found = append(found, Place{toTime(v[0]), v[1].(int64)})
		return nil
	}, w.args...)
	slices.SortFunc(found, Place.compare)
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
	}
	return found, err
}

// runAccess chooses the index for a query: the one whose groups are smallest.
func (tx *Tx) runAccess(q RunQuery) access {
	a := access{open: []string{"status"}}
	rest := q
	rest.Status = nil
	fix := func(column string, v driver.Value) {
		a.fixed, a.args = append(a.fixed, column), append(a.args, v)
	}
	index := "runs_status"
	if q.Workflow != "" {
		fix("workflow", q.Workflow)
		rest.Workflow = ""
	}
	switch {
	case q.ClientTrackingID != "":
		a.fixed, a.args = []string{"tracking COLLATE NOCASE"}, []driver.Value{q.ClientTrackingID}
		index, rest.ClientTrackingID, rest.Workflow = "runs_tracking", "", q.Workflow
	case q.ErrorCode != "":
		if index = "runs_error"; q.Workflow != "" {
			index = "runs_failed"
		}
		fix("error", tx.db.errorToken(q.ErrorCode))
		rest.ErrorCode = ""
	case q.Workflow != "":
		index, a.open, rest.Trigger = "runs_workflow", []string{"trigger", "status"}, ""
		if q.Trigger != "" {
			a.oneOf("trigger", []string{q.Trigger})
		}
	}
	a.table = "runs INDEXED BY " + index
	a.oneOf("status", q.Status)
	a.noneOf("status", buried)
	tx.runRest(&a.rest, rest)
	return a
}

// runRest adds the conditions that no index answers.
func (tx *Tx) runRest(w *where, q RunQuery) {
	if q.Workflow != "" {
		w.add(`workflow = ?`, q.Workflow)
	}
	if q.Trigger != "" {
		w.add(`trigger = ? COLLATE NOCASE`, q.Trigger)
	}
	if q.ErrorCode != "" {
		w.add(`error = ?`, tx.db.errorToken(q.ErrorCode))
	}
	if len(q.Status) > 0 {
		// One parameter, so that the statement is the same for any number.
		w.add(`status COLLATE NOCASE IN (SELECT value FROM json_each(?))`, jsonList(q.Status))
	}
}

func jsonList(values []string) string {
	text, _ := json.Marshal(values) // strings always have a JSON form
	return string(text)
}

// Wake is when an open run wants to be woken.
type Wake struct {
	At  time.Time // UTC
	Run string
	id  int64 // the run's row: orders those of one time
}

// LastWake is the one after every wake up to and with a time.
func LastWake(at time.Time) Wake { return Wake{At: at, id: math.MaxInt64} }

// Wakes lists the wakes that come after one, the zero Wake for all, up to and with
// until; earliest first.
func (tx *Tx) Wakes(after Wake, until time.Time, max int) ([]Wake, error) {
	var found []Wake
	from, _ := fromTime(after.At).(int64) // 0 for none: before all
	err := tx.query(`SELECT wake, name, id FROM runs WHERE wake IS NOT NULL AND (wake, id) > (?, ?) AND wake <= ? ORDER BY wake, id LIMIT ?`, func(v []driver.Value) error {
		found = append(found, Wake{toTime(v[0]), v[1].(string), v[2].(int64)})
		return nil
	}, from, after.id, fromTime(until), limit(max))
	return found, err
}

// NextWake is the earliest time a run wants to be woken; zero if none does.
func (tx *Tx) NextWake() (t time.Time, err error) {
	err = tx.one(`SELECT min(wake) FROM runs WHERE wake IS NOT NULL`, func(v []driver.Value) error {
		t = toTime(v[0])
		return nil
	})
	return t, err
}

// WorkingRuns are the [Tx.UnfinishedRuns] that do not only rest.
func (tx *Tx) WorkingRuns(epoch int64, after string, max int) ([]Run, error) {
	return tx.runsWhere(` WHERE ended IS NULL AND resting IS NULL AND epoch < ? AND name > ? ORDER BY name LIMIT ?`, epoch, after, limit(max))
}

// UnfinishedRuns lists runs without an end whose epoch is smaller than the one
// given: with [DB.Epoch], those that a process that is gone left open. Ascending by
// name, without their heads.
func (tx *Tx) UnfinishedRuns(epoch int64, after string, max int) ([]Run, error) {
	return tx.runsWhere(` WHERE ended IS NULL AND epoch < ? AND name > ? ORDER BY name LIMIT ?`, epoch, after, limit(max))
}

// OpenRuns counts a workflow's runs that have not ended.
func (tx *Tx) OpenRuns(workflow string) (n int, err error) {
	err = tx.one(`SELECT count(*) FROM runs WHERE ended IS NULL AND workflow = ?`, func(v []driver.Value) error {
		n = int(v[0].(int64))
		return nil
	}, workflow)
	return n, err
}

// Load is how many open runs a trigger has.
type Load struct {
	Trigger          string
	Running, Waiting int // begun, and waiting for their turn
}

// Loads counts a workflow's open runs by the trigger that began them.
func (tx *Tx) Loads(workflow string) ([]Load, error) {
	var found []Load
	err := tx.query(`SELECT trigger, count(*), count(CASE WHEN waited = 0 THEN 1 END) FROM runs WHERE ended IS NULL AND workflow = ? GROUP BY trigger`,
		func(v []driver.Value) error {
			all, waiting := int(v[1].(int64)), int(v[2].(int64))
			found = append(found, Load{v[0].(string), all - waiting, waiting})
			return nil
		}, workflow)
	return found, err
}

// QueuedRuns lists a workflow's runs that wait for their turn, in the order they were
// created, without their heads.
func (tx *Tx) QueuedRuns(workflow string) ([]Run, error) {
	return tx.runsWhere(` WHERE ended IS NULL AND workflow = ? AND waited = 0 ORDER BY id`, workflow)
}

// DeleteRun deletes a run, its records and the names of its contents, whose files
// [DB.Collect] then removes; ErrNotFound if there is none. No more than [eraseRows] and
// [eraseBytes] of its records go with it: of a larger one nothing is found any more, and
// [Tx.Erase] deletes the rest.
func (tx *Tx) DeleteRun(name string) error {
	if !tx.writable {
		return ErrReadOnly
	}
	id, err := tx.runID(name)
	if err != nil {
		return err
	}
	tx.run = runID{}
	delete(tx.begun, name)
	if _, err := tx.exec(`INSERT INTO purged (run, started) SELECT id, started FROM runs WHERE id = ? AND finished IS NOT NULL`, id); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM contents WHERE run = ?`, name); err != nil {
		return err
	}
	more, err := tx.eraseRecords(id)
	switch {
	case err != nil:
		return err
	case more:
		return tx.bury(id)
	}
	_, err = tx.exec(`DELETE FROM runs WHERE id = ?`, id)
	return err
}

// runID is the row of a run; ErrNotFound if there is none.
func (tx *Tx) runID(name string) (int64, error) {
	if tx.run.name == name && name != "" {
		return tx.run.id, nil
	}
	if isBuried(name) {
		return 0, ErrNotFound
	}
	if id, ok := tx.begun[name]; ok {
		tx.run = runID{name, id}
		return id, nil
	}
	var id int64
	err := tx.one(`SELECT id FROM runs WHERE name = ?`, func(v []driver.Value) error {
		id = v[0].(int64)
		return nil
	}, name)
	if err == nil {
		tx.run = runID{strings.Clone(name), id}
	}
	return id, err
}
