using System.Runtime.InteropServices;

namespace SparkTrain.Distributed;

/// <summary>
/// What a rank writes about itself into memory that the ranks of its host share. The parts are guarded by a sequence number each, odd while it is
/// being written: the trainer's thread reports phases while another makes collective calls.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 512)]
internal unsafe struct RankRecord
{
    public const int PhaseBytes = 128, OperationBytes = 32, MemoryBytes = 64;

    public int ProcessId, HasLeft, IsEndingJob;
    public long ProcessStart;

    public int PhaseSequence, PhaseLength;
    public long Step, PhaseSince;
    public fixed byte Phase[PhaseBytes];

    public int CallSequence, InCall, OperationLength, MemoryLength;
    public long Calls, CallSince, Begin, Count;
    public double History;
    public fixed byte Operation[OperationBytes];
    public fixed byte Memory[MemoryBytes];
}
