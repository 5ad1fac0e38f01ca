using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace SparkTrain.Dashboard;

/// <summary>Reads the body of a post, unpacked where it came packed, and never more than is allowed: a small body may unpack to gigabytes.</summary>
internal static class EventBody
{
    private const int PieceBytes = 1 << 16;

    /// <exception cref="InvalidBatchException">It is too long, or no gzip.</exception>
    /// <exception cref="ApiException">It is packed in another way.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        string packing = request.Headers.ContentEncoding.ToString();
        if (packing is not ("" or "identity" or "gzip")) throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "Content-Encoding must be gzip, or absent.");
        await using var unpacked = packing == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress) : request.Body;
        using var body = new MemoryStream();
        byte[] piece = new byte[PieceBytes];
        try
        {
            while (await unpacked.ReadAsync(piece, cancellation) is > 0 and var count)
            {
                if (body.Length + count > maxBytes) throw new InvalidBatchException($"The body has more than {maxBytes} bytes unpacked. Send fewer events at a time.", isTooLarge: true);
                body.Write(piece, 0, count);
            }
        }
        catch (InvalidDataException)
        {
            throw new InvalidBatchException("The body is not gzip, as Content-Encoding says.");
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
