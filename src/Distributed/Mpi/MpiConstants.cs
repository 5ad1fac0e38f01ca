using System.Runtime.InteropServices;

namespace SparkTrain.Distributed.Mpi;

/// <summary>Handles and numbers that mpi.h defines, of one flavour.</summary>
internal sealed record MpiConstants
{
    /// <summary>What both flavours call an undefined colour.</summary>
    public const int Undefined = -32766;

    public required nint CommWorld { get; init; }

    public required nint CommSelf { get; init; }

    public required nint CommNull { get; init; }

    public required nint InfoNull { get; init; }

    public required nint ErrorsReturn { get; init; }

    public required nint InPlace { get; init; }

    public required int CommTypeShared { get; init; }

    public required int AnySource { get; init; }

    /// <summary>Bytes from the start of a status to its source; the tag follows.</summary>
    public required int StatusSourceOffset { get; init; }

    /// <summary>In the order of <see cref="Operation"/>.</summary>
    public required nint[] Operations { get; init; }

    public required IReadOnlyDictionary<Type, nint> Types { get; init; }

    public static MpiConstants Of(MpiFlavour flavour, nint library) => flavour == MpiFlavour.OpenMpi ? OpenMpi(library) : Mpich;

    private static MpiConstants OpenMpi(nint library)
    {
        return new()
        {
            CommWorld = Export("ompi_mpi_comm_world"),
            CommSelf = Export("ompi_mpi_comm_self"),
            CommNull = Export("ompi_mpi_comm_null"),
            InfoNull = Export("ompi_mpi_info_null"),
            ErrorsReturn = Export("ompi_mpi_errors_return"),
            InPlace = 1,
            CommTypeShared = 0,
            AnySource = -1,
            StatusSourceOffset = 0,
            Operations = [Export("ompi_mpi_op_sum"), Export("ompi_mpi_op_prod"), Export("ompi_mpi_op_min"), Export("ompi_mpi_op_max"), Export("ompi_mpi_op_band"), Export("ompi_mpi_op_bor")],
            Types = new Dictionary<Type, nint>
            {
                [typeof(sbyte)] = Export("ompi_mpi_int8_t"),
                [typeof(byte)] = Export("ompi_mpi_uint8_t"),
                [typeof(short)] = Export("ompi_mpi_int16_t"),
                [typeof(ushort)] = Export("ompi_mpi_uint16_t"),
                [typeof(int)] = Export("ompi_mpi_int32_t"),
                [typeof(uint)] = Export("ompi_mpi_uint32_t"),
                [typeof(long)] = Export("ompi_mpi_int64_t"),
                [typeof(ulong)] = Export("ompi_mpi_uint64_t"),
                [typeof(float)] = Export("ompi_mpi_float"),
                [typeof(double)] = Export("ompi_mpi_double"),
            },
        };

        nint Export(string symbol) => NativeLibrary.GetExport(library, symbol);
    }

    private static MpiConstants Mpich => new()
    {
        CommWorld = 0x44000000,
        CommSelf = 0x44000001,
        CommNull = 0x04000000,
        InfoNull = 0x1c000000,
        ErrorsReturn = 0x54000001,
        InPlace = -1,
        CommTypeShared = 1,
        AnySource = -2,
        StatusSourceOffset = 8,
        Operations = [0x58000003, 0x58000004, 0x58000002, 0x58000001, 0x58000006, 0x58000008],
        Types = new Dictionary<Type, nint>
        {
            [typeof(sbyte)] = 0x4c000137,
            [typeof(byte)] = 0x4c00013b,
            [typeof(short)] = 0x4c000238,
            [typeof(ushort)] = 0x4c00023c,
            [typeof(int)] = 0x4c000439,
            [typeof(uint)] = 0x4c00043d,
            [typeof(long)] = 0x4c00083a,
            [typeof(ulong)] = 0x4c00083e,
            [typeof(float)] = 0x4c00040a,
            [typeof(double)] = 0x4c00080b,
        },
    };
}
