// Rotates ROWS words from banks to lanes in two dimensions: lane (i, j) of a field of 2^log2_x by ROWS/2^log2_x lanes gets
// bank ((i + rx) mod X0, (j + ry) mod Y0). A logarithmic shifter: stage s rotates by 2^s, inside groups of X0 lanes while
// 2^s < X0 (rx), over all lanes above (ry). Combinational.
module dna_align #(
    parameter ROWS = 16,
    parameter LOG  = 4,    // log2(ROWS)
    parameter BITS = 129
) (
    input  wire [ROWS*BITS-1:0] banks_i,
    input  wire [LOG-1:0]       amount_i,   // rx | ry << log2_x
    input  wire [2:0]           log2_x_i,
    output wire [ROWS*BITS-1:0] lanes_o
);
    function integer first_clear(input integer lane, input integer from);
        integer bit_index;
        begin
            first_clear = LOG;
            for (bit_index = LOG - 1; bit_index >= from; bit_index = bit_index - 1)
                if (((lane >> bit_index) & 1) == 0) first_clear = bit_index;
        end
    endfunction

    genvar s, l, w;
    generate
        for (s = 0; s <= LOG; s = s + 1) begin : gen_stage
            wire [ROWS*BITS-1:0] field;
        end
        assign gen_stage[0].field = banks_i;
        assign lanes_o = gen_stage[LOG].field;

        for (s = 0; s < LOG; s = s + 1) begin : gen_rotate
            for (l = 0; l < ROWS; l = l + 1) begin : gen_lane
                // Adding 2^s carries up to the first clear bit of l at or above s: only groups that end inside the carry
                // have a source of their own; the last entry of the chain is the plain rotation over all lanes.
                localparam CARRY = first_clear(l, s);
                localparam LAST  = (CARRY + 1 < LOG) ? CARRY + 1 : LOG;
                for (w = s + 1; w <= LAST; w = w + 1) begin : gen_group
                    localparam SIZE = 1 << w;
                    localparam FROM = (l / SIZE) * SIZE + ((l % SIZE) + (1 << s)) % SIZE;
                    wire [BITS-1:0] word;
                    if (w == LAST) begin : gen_all
                        assign word = gen_stage[s].field[((l + (1 << s)) % ROWS)*BITS +: BITS];
                    end else begin : gen_choice
                        assign word = ({29'd0, log2_x_i} == w) ? gen_stage[s].field[FROM*BITS +: BITS]
                                                           : gen_group[w+1].word;
                    end
                end
                assign gen_stage[s+1].field[l*BITS +: BITS] =
                    amount_i[s] ? gen_group[s+1].word : gen_stage[s].field[l*BITS +: BITS];
            end
        end
    endgenerate
endmodule
