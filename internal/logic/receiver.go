package logic

import (
	"errors"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// Who sends to whose batches: a receiver is there before its senders and stays as long
// as they do (wdl-semantics §10.6). Each sender has a setting below its receiver's name,
// which both of their transactions see.

const (
	codeNoReceiver    = "SendToBatchReceiverNotFound"
	codeReceiverInUse = "InUseBatchReceiverCannotBeDeleted"
)

func senderPrefix(receiver string) string { return "batch/" + receiver + "/sender/" }

// checkReceiver holds the receiver of an action to what it needs.
func (d *draft) checkReceiver(a *wdl.Action, id string, triggerName expr.Value, receiver *other) {
	target := "properties.definition.actions." + a.Name
	if receiver == nil {
		d.children.Add(codeNoReceiver, target, "The action '%s' sends to the workflow '%s', which was not found. Create the workflow with the Batch trigger first.", a.Name, id)
		return
	}
	name, isLiteral := literalText(triggerName)
	t, ok := receiver.program.Trigger(name)
	switch {
	case isLiteral && !ok:
		d.children.Add(codeNoReceiver, target, "The action '%s' sends to the trigger '%s' of the workflow '%s', which has no such trigger. Give 'host.triggerName' the name of its Batch trigger.", a.Name, name, lastSegment(id))
	case isLiteral && t.Batch == nil:
		d.children.Add(codeNoReceiver, target, "The action '%s' sends to the trigger '%s' of the workflow '%s', which is of type '%s'. Only a Batch trigger takes messages.", a.Name, name, lastSegment(id), t.Type)
	}
	if receiver.flowID != "" && !slices.Contains(d.receivers, receiver.flowID) {
		d.receivers = append(d.receivers, receiver.flowID)
	}
}

// refer notes whom the workflow sends to, in the transaction that stores it.
func (w *workflow) refer(tx *store.Tx, id arm.ID, receivers []string) error {
	for _, old := range w.Receivers {
		if slices.Contains(receivers, old) {
			continue
		}
		if err := dropSetting(tx, senderPrefix(old)+w.FlowID); err != nil {
			return err
		}
	}
	for _, r := range receivers {
		_, err := tx.Setting(flowSetting(r))
		if errors.Is(err, store.ErrNotFound) {
			return arm.Invalid(codeNoReceiver, "properties.definition", "A workflow that '%s' sends to was deleted by another request meanwhile. Create it first.", id.Name())
		}
		if err != nil {
			return err
		}
		if err := tx.PutSetting(senderPrefix(r)+w.FlowID, []byte(id.String())); err != nil {
			return err
		}
	}
	w.Receivers = receivers
	return nil
}

// unrefer checks that nobody sends to a workflow that is deleted, and that it sends to
// nobody any more.
func (w *workflow) unrefer(tx *store.Tx, name string) error {
	senders, err := tx.Settings(senderPrefix(w.FlowID))
	if err != nil {
		return err
	}
	var ids []string
	for _, s := range senders {
		id, err := tx.Setting(s)
		if err != nil {
			return err
		}
		ids = append(ids, "'"+string(id)+"'")
	}
	if len(ids) > 0 {
		return arm.Conflict(codeReceiverInUse, "", "The workflow '%s' cannot be deleted: %s send to its batches. Delete them first, or their SendToBatch actions.", name, strings.Join(ids, ", "))
	}
	for _, r := range w.Receivers {
		if err := dropSetting(tx, senderPrefix(r)+w.FlowID); err != nil {
			return err
		}
	}
	return nil
}
