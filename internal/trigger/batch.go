package trigger

import "isle/expr"

// BatchMessage is a message of a batch.
type BatchMessage struct {
	ID      string
	Content expr.Value
}

// BatchOutputs are those of a Batch trigger (wdl-semantics §10.6): {body: {batchName,
// partitionName, items: [{content, messageId}]}}.
func BatchOutputs(name, partition string, messages []BatchMessage) expr.Value {
	items := make([]expr.Value, len(messages))
	for i, m := range messages {
		items[i] = expr.Object(expr.Member{Name: "content", Value: m.Content}, expr.Member{Name: "messageId", Value: expr.String(m.ID)})
	}
	return expr.Object(expr.Member{Name: "body", Value: expr.Object(
		expr.Member{Name: "batchName", Value: expr.String(name)},
		expr.Member{Name: "partitionName", Value: expr.String(partition)},
		expr.Member{Name: "items", Value: expr.Array(items...)},
	)})
}
