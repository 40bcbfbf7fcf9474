package expr

// The shapes of dates and times in free form: what has been read of one, and what may
// come next. A shape is named by its parts in order: n a number of one or two
// digits, y one of more, m the name of a month, sep a separator behind.

// dateShape is what has been read since the last complete date or time.
type dateShape uint8

const (
	impossible dateShape = iota
	shapeNone
	shapeN
	shapeNN
	shapeDateNsep
	shapeDateNN
	shapeDateNNsep
	shapeM
	shapeMN
	shapeNM
	shapeMNsep
	shapeNsuffix // a number, then one with a suffix such as 月
	shapeY
	shapeYN
	shapeYNsep
	shapeYM
	shapeYMsep
	shapeDateSuffix // numbers with suffixes only
	shapeTimeSuffix
	shapeTimeN // numbers before a colon
	shapeTimeNN

	// From here on a date or a time is complete.
	dateNN
	dateNNN
	dateNNY
	dateMN
	dateNM
	dateMNN
	dateYNN
	dateYMN
	dateYN
	dateYM
	dateSuffixes
	dateSuffixesN
	dateNsuffixes
	dateNNsuffixes
	timeN
	timeNN
	timeNNN
	timeSuffixes
	shapeCount
)

func (s dateShape) complete() bool { return s >= dateNN }

// datePiece is a part of a timestamp with the separator behind it.
type datePiece uint8

const (
	pieceNone datePiece = iota // says nothing
	pieceEnd
	numberEnd
	numberHalf // AM or PM behind
	numberSpace
	numberDate
	numberTime
	numberDateSuffix
	numberTimeSuffix
	numberLocalTime // T behind
	monthEnd
	monthSpace
	monthDate
	yearEnd
	yearSpace
	yearDate
	pieceWeekday
	pieceZone
	pieceEra
	pieceCount
)

// nextShape tells what a piece makes of a shape.
var nextShape = [dateNN][pieceCount]dateShape{
	shapeNone: {
		pieceEnd: shapeNone, numberHalf: timeN, numberSpace: shapeN, numberDate: shapeDateNsep, numberTime: shapeTimeN,
		numberDateSuffix: shapeDateSuffix, numberTimeSuffix: shapeTimeSuffix,
		monthSpace: shapeM, monthDate: shapeM, yearSpace: shapeY, yearDate: shapeY,
		pieceWeekday: shapeNone, pieceZone: shapeNone, pieceEra: shapeNone,
	},
	shapeN: {
		numberEnd: dateNN, numberHalf: timeNN, numberSpace: shapeNN, numberDate: shapeDateNNsep, numberDateSuffix: shapeNsuffix,
		monthEnd: dateNM, monthSpace: shapeNM, monthDate: shapeMNsep, yearEnd: dateYN, yearSpace: shapeYN, yearDate: shapeYNsep,
		pieceWeekday: shapeN, pieceZone: shapeN, pieceEra: shapeN,
	},
	shapeNN: {
		pieceEnd: dateNN, numberEnd: dateNNN, numberHalf: timeNNN, numberSpace: dateNNN, numberTime: shapeTimeN, numberTimeSuffix: shapeTimeSuffix,
		monthEnd: dateMNN, monthSpace: dateMNN, yearEnd: dateNNY, yearSpace: dateNNY,
		pieceWeekday: shapeNN, pieceZone: shapeNN, pieceEra: shapeNN,
	},
	shapeDateNsep: {
		numberEnd: dateNN, numberSpace: shapeDateNN, numberDate: shapeDateNNsep,
		monthEnd: dateNM, monthSpace: shapeMN, monthDate: shapeMNsep, yearEnd: dateYN, yearSpace: shapeYN, yearDate: shapeYNsep,
		pieceWeekday: shapeDateNsep, pieceEra: shapeDateNsep,
	},
	shapeDateNN: {
		pieceEnd: dateNN, numberEnd: dateNNN, numberHalf: timeN, numberSpace: dateNNN, numberTime: shapeTimeN,
		numberDateSuffix: dateSuffixes, numberTimeSuffix: shapeTimeSuffix,
		monthEnd: dateMNN, monthSpace: dateMNN, yearEnd: dateNNY, yearSpace: dateNNY,
		pieceWeekday: shapeDateNN, pieceEra: shapeDateNN,
	},
	shapeDateNNsep: {
		numberEnd: dateNNN, numberHalf: dateNNN, numberSpace: dateNNN, numberDateSuffix: dateSuffixes,
		monthEnd: dateMNN, monthSpace: dateMNN, yearEnd: dateNNY, yearSpace: dateNNY,
		pieceWeekday: shapeDateNNsep, pieceEra: shapeDateNNsep,
	},
	shapeM: {
		numberEnd: dateMN, numberSpace: shapeMN, numberDate: shapeMNsep, yearEnd: dateYM, yearSpace: shapeYM, yearDate: shapeYMsep,
		pieceWeekday: shapeM, pieceEra: shapeM,
	},
	shapeMN: {
		pieceEnd: dateMN, numberEnd: dateMNN, numberHalf: dateMNN, numberSpace: dateMNN, numberTime: shapeTimeN,
		numberDateSuffix: dateSuffixes, numberTimeSuffix: shapeTimeSuffix, yearEnd: dateYMN, yearSpace: dateYMN,
		pieceWeekday: shapeMN, pieceEra: shapeMN,
	},
	shapeNM: {
		pieceEnd: dateNM, numberEnd: dateMNN, numberHalf: dateMNN, numberSpace: dateMNN, numberTime: shapeTimeN,
		numberDateSuffix: dateSuffixes, numberTimeSuffix: shapeTimeSuffix, yearEnd: dateYMN, yearSpace: dateYMN,
		pieceWeekday: shapeNM, pieceEra: shapeNM,
	},
	shapeMNsep: {numberEnd: dateMNN, numberSpace: dateMNN, yearEnd: dateYMN, yearSpace: dateYMN, pieceWeekday: shapeMNsep, pieceEra: shapeMNsep},
	shapeNsuffix: {
		pieceEnd: dateNsuffixes, numberEnd: dateNNsuffixes, numberHalf: dateNNsuffixes, numberSpace: dateNNsuffixes, numberTime: shapeTimeN,
		numberDateSuffix: shapeNsuffix, numberTimeSuffix: shapeTimeSuffix, pieceWeekday: shapeNsuffix, pieceEra: shapeNsuffix,
	},
	shapeY: {
		numberEnd: dateYN, numberSpace: shapeYN, numberDate: shapeYNsep, numberDateSuffix: shapeYM,
		monthEnd: dateYM, monthSpace: shapeYM, monthDate: shapeYMsep, pieceWeekday: shapeY, pieceEra: shapeY,
	},
	shapeYN: {
		pieceEnd: dateYN, numberEnd: dateYNN, numberHalf: dateYNN, numberSpace: dateYNN, monthEnd: dateYMN, monthSpace: dateYMN,
		pieceWeekday: shapeYN, pieceEra: shapeYN,
	},
	shapeYNsep: {
		numberEnd: dateYNN, numberHalf: dateYNN, numberSpace: dateYNN, monthEnd: dateYMN, monthSpace: dateYMN,
		pieceWeekday: shapeYN, pieceEra: shapeYN,
	},
	shapeYM:    {pieceEnd: dateYM, numberEnd: dateYMN, numberHalf: dateYMN, numberSpace: dateYMN, pieceWeekday: shapeYM, pieceEra: shapeYM},
	shapeYMsep: {numberEnd: dateYMN, numberHalf: dateYMN, numberSpace: dateYMN, pieceWeekday: shapeYM, pieceEra: shapeYM},
	shapeDateSuffix: {
		pieceEnd: dateSuffixes, numberEnd: dateSuffixesN, numberHalf: timeN, numberSpace: shapeTimeN, numberTime: shapeTimeN,
		numberDateSuffix: shapeDateSuffix, numberTimeSuffix: shapeTimeSuffix, pieceWeekday: shapeDateSuffix, pieceEra: shapeDateSuffix,
	},
	shapeTimeSuffix: {
		pieceEnd: timeSuffixes, numberEnd: timeSuffixes, numberHalf: timeSuffixes, numberSpace: shapeTimeN, numberDate: shapeDateNsep,
		numberDateSuffix: shapeDateSuffix, numberTimeSuffix: shapeTimeSuffix,
		pieceWeekday: shapeTimeSuffix, pieceZone: shapeTimeSuffix, pieceEra: shapeTimeSuffix,
	},
	shapeTimeN: {
		numberEnd: timeNN, numberHalf: timeNN, numberSpace: timeNN, numberTime: shapeTimeNN, numberTimeSuffix: shapeTimeSuffix,
		monthEnd: dateNM, monthSpace: shapeNM, pieceZone: shapeTimeN, pieceEra: shapeTimeN,
	},
	shapeTimeNN: {
		numberEnd: timeNNN, numberHalf: timeNNN, numberSpace: timeNNN, numberTimeSuffix: shapeTimeSuffix,
		pieceWeekday: shapeTimeNN, pieceZone: shapeTimeNN, pieceEra: shapeTimeNN,
	},
}

// endsDate reports whether a piece with a separator behind cannot follow a shape
// while the same piece with a space completes a date: then a hyphen begins an offset.
func endsDate(s dateShape, withSeparator, withSpace datePiece) bool {
	return nextShape[s][withSeparator] == impossible && nextShape[s][withSpace].complete()
}

// dateOrder is the order of the parts of a date in a culture's format, such as "dMy".
func dateOrder(format string) string {
	var order dateOrderFinder
	scanDateFormat(format, &order)
	return string(order)
}

type dateOrderFinder []byte

func (f *dateOrderFinder) literal(string) bool { return true }

func (f *dateOrderFinder) specifier(letter byte, count, _ int) bool {
	if letter == 'y' || letter == 'M' || letter == 'd' && count <= 2 {
		*f = append(*f, letter)
	}
	return true
}
