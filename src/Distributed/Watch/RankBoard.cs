using System.Text;
using System.Text.Unicode;

namespace SparkTrain.Distributed;

/// <summary>The records of the ranks of this host, in memory that all of them see. Each rank writes its own, without locks and without allocating.</summary>
internal sealed unsafe class RankBoard
{
    // A writer that was killed between the two changes of its sequence number leaves it odd for ever.
    private const int Attempts = 1000;

    private readonly nint[] records;
    private readonly IReadOnlyList<int> ranks;
    private readonly RankRecord* own;
    private readonly TimeProvider time;

    /// <summary>Makes the board; all ranks do so together.</summary>
    public RankBoard(ITransport transport, TimeProvider time, ProcessIdentity process)
    {
        this.time = time;
        ranks = transport.Topology.Hosts[transport.Topology.HostOf(transport.Rank)];
        records = transport.AllocateShared(sizeof(RankRecord));
        own = (RankRecord*)records[transport.Topology.LocalOf(transport.Rank)];
        own->CallSince = own->PhaseSince = Now();
        own->ProcessStart = process.Start;
        Volatile.Write(ref own->ProcessId, process.Id);
    }

    /// <summary>Milliseconds of a clock that all processes of the host share.</summary>
    public long Now() => time.GetTimestamp() / (time.TimestampFrequency / 1000);

    public void Report(long step, string phase)
    {
        Begin(ref own->PhaseSequence);
        own->Step = step;
        own->PhaseSince = Now();
        own->PhaseLength = Write(phase, own->Phase, RankRecord.PhaseBytes);
        End(ref own->PhaseSequence);
    }

    public void Enter(CollectiveCall call, CallHistory history)
    {
        Begin(ref own->CallSequence);
        (own->Calls, own->History) = (history.Calls, history.Value);
        (own->InCall, own->CallSince) = (1, Now());
        (own->Begin, own->Count) = (call.Range.Begin, call.Range.Count);
        own->OperationLength = Write(call.Operation, own->Operation, RankRecord.OperationBytes);
        own->MemoryLength = Write(call.Memory, own->Memory, RankRecord.MemoryBytes);
        End(ref own->CallSequence);
    }

    public void Leave()
    {
        Begin(ref own->CallSequence);
        (own->InCall, own->CallSince) = (0, Now());
        End(ref own->CallSequence);
    }

    /// <summary>This rank ends the job and says why; the others need not.</summary>
    public void MarkEndingJob() => Volatile.Write(ref own->IsEndingJob, 1);

    /// <summary>This rank ends in good order.</summary>
    public void MarkLeft() => Volatile.Write(ref own->HasLeft, 1);

    /// <summary>Reads the records of this host's ranks, in rising order.</summary>
    public RankSighting[] Read()
    {
        var sightings = new RankSighting[records.Length];
        for (int i = 0; i < records.Length; i++) sightings[i] = Read(i);
        return sightings;
    }

    public RankSighting Read(int local)
    {
        var record = (RankRecord*)records[local];
        RankRecord copy = default;
        CopyWhole(record, &copy, &record->PhaseSequence);
        var (step, phase, phaseSince) = (copy.Step, Text(copy.Phase, copy.PhaseLength, RankRecord.PhaseBytes), copy.PhaseSince);
        CopyWhole(record, &copy, &record->CallSequence);
        var call = new CollectiveCall(Text(copy.Operation, copy.OperationLength, RankRecord.OperationBytes), Text(copy.Memory, copy.MemoryLength, RankRecord.MemoryBytes), new(copy.Begin, copy.Count));
        return new(ranks[local], new(Volatile.Read(ref record->ProcessId), copy.ProcessStart), Volatile.Read(ref record->HasLeft) != 0, Volatile.Read(ref record->IsEndingJob) != 0,
            step, phase, phaseSince, copy.Calls, copy.History, call, copy.InCall != 0, copy.CallSince);
    }

    private static void CopyWhole(RankRecord* record, RankRecord* copy, int* sequence)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            int before = Volatile.Read(ref *sequence);
            *copy = *record;
            Volatile.ReadBarrier();
            if ((before & 1) == 0 && *sequence == before) return;
            Thread.SpinWait(20);
        }
    }

    private static void Begin(ref int sequence)
    {
        sequence++;
        Volatile.WriteBarrier();
    }

    private static void End(ref int sequence) => Volatile.Write(ref sequence, sequence + 1);

    private static int Write(string text, byte* to, int capacity)
    {
        Utf8.FromUtf16(text, new Span<byte>(to, capacity), out _, out int written);
        return written;
    }

    private static string Text(byte* bytes, int length, int capacity) => Encoding.UTF8.GetString(bytes, Math.Clamp(length, 0, capacity));
}
