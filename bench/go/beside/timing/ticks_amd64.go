package timing

func ticks() uint64
