// One test at a time: an engine's threads spin while they wait, and two cores are few.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
