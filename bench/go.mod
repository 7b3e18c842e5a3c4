module outrigger/bench

go 1.26.0
