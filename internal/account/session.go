package account

import "isle/internal/arm"

// sessionKind: what an agreement remembers, such as its control numbers; any JSON.
func sessionKind() *kind {
	return &kind{
		segment: "sessions", model: "IntegrationAccountSessionProperties", missing: "IntegrationAccountSessionNotFound",
		filter: byProperty("changedTime", arm.Time), check: func(*draft, *arm.Found) {},
	}
}
