// ROWS x COLS weight-stationary array: rows are input channels, columns output channels. Every step takes one word (BLOCK
// channels of one pixel) and uses ROWS of them; the column sums of a step leave LATENCY cycles after its word is held:
//   SYSTOLIC = 0 (T1, dot lanes): all rows work on one step, an adder tree a column; 1 + PE_CUT + ceil(LOG / CUT)
//   SYSTOLIC = 1 (T2): row r works r cycles later, sums move down the columns; 1 + PE_CUT + ROWS
// Weights arrive one row a cycle behind the active ones and become active with the first step of their set. Diagonal sets
// (depthwise): one vector for all rows, kept only where a row's channel is the column's own.
// Row controls are registered once a row (fan-out COLS).
module dna_array_ws #(
    parameter SYSTOLIC = 0,
    parameter ROWS     = 16,
    parameter LOG      = 4,     // log2(ROWS)
    parameter COLS     = 16,
    parameter BITS     = 8,
    parameter PE_CUT   = 1,
    parameter CUT      = 2,
    parameter SELECT   = 4,     // log2 of the channels in a word
    parameter SUM_BITS = 20     // 2 BITS + LOG
) (
    input  wire                     clk,
    input  wire [127:0]             word_i,
    input  wire                     valid_i,
    input  wire                     load_i,        // one cycle before word_i
    input  wire [BITS-1:0]          pad_i,
    input  wire [SELECT-1:0]        select_i,      // with word_i: first channel of the step
    input  wire                     swap_i,        // with word_i: first step of a set
    // weights: controls one cycle before the vector
    input  wire                     weight_load_i,
    input  wire [LOG-1:0]           weight_row_i,
    input  wire [SELECT-1:0]        weight_select_i,
    input  wire                     weight_half_i,
    input  wire                     diagonal_i,
    input  wire [COLS*BITS-1:0]     w_i,
    output wire [COLS*SUM_BITS-1:0] sums_o
);
    localparam BLOCK = 1 << SELECT;
    localparam OUT   = SYSTOLIC != 0 ? SUM_BITS : 2*BITS;     // of a PE: partial sum or product
    reg              load_q, swap_q, half_q;
    reg [SELECT-1:0] select_q, weight_select_q;
    reg [127:0]      hold_q;
    always @(posedge clk) begin
        load_q          <= load_i;
        swap_q          <= swap_i;
        select_q        <= select_i;
        weight_select_q <= weight_select_i;
        half_q          <= weight_half_i;
        if (load_q) hold_q <= valid_i ? word_i : {BLOCK{pad_i}};
    end

    wire [SELECT:0] diagonal_base = half_q ? COLS[SELECT:0] : {(SELECT+1){1'b0}};
    genvar r, c;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : gen_row
            reg             write_q;
            always @(posedge clk) write_q <= weight_load_i && {{(32-LOG){1'b0}}, weight_row_i} == r;
            // The channel that this row works on, and (diagonal sets) the one that the vector's weights are for.
            wire [SELECT-1:0] channel        = select_q | r[SELECT-1:0];
            wire [SELECT:0]   weight_channel = {1'b0, weight_select_q | r[SELECT-1:0]};
            wire [BITS-1:0] now = hold_q[channel*BITS +: BITS];
            wire [BITS-1:0] x;
            wire            swap;
            if (SYSTOLIC != 0 && r != 0) begin : gen_skew
                reg [r*(BITS+1)-1:0] wait_q;
                if (r == 1) begin : gen_one
                    always @(posedge clk) wait_q <= {swap_q, now};
                end else begin : gen_more
                    always @(posedge clk) wait_q <= {wait_q[(r-1)*(BITS+1)-1:0], swap_q, now};
                end
                assign {swap, x} = wait_q[(r-1)*(BITS+1) +: BITS+1];
            end else begin : gen_now
                assign {swap, x} = {swap_q, now};
            end
            wire [COLS*OUT-1:0] out;
            for (c = 0; c < COLS; c = c + 1) begin : gen_col
                wire own = !diagonal_i || weight_channel == diagonal_base + c[SELECT:0];
                wire [BITS-1:0] w = w_i[c*BITS +: BITS] & {BITS{own}};
                wire [OUT-1:0] above;
                if (SYSTOLIC != 0 && r != 0) begin : gen_below
                    assign above = gen_row[r-1].out[c*OUT +: OUT];
                end else begin : gen_top
                    assign above = {OUT{1'b0}};
                end
                dna_pe_ws #(.CHAIN(SYSTOLIC), .BITS(BITS), .PE_CUT(PE_CUT), .OUT_BITS(OUT)) u_pe (
                    .clk(clk), .x_i(x), .w_i(w), .load_i(write_q), .swap_i(swap), .chain_i(above),
                    .out_o(out[c*OUT +: OUT]));
            end
        end
        if (SYSTOLIC != 0) begin : gen_out
            assign sums_o = gen_row[ROWS-1].out;
        end else begin : gen_trees
            for (c = 0; c < COLS; c = c + 1) begin : gen_tree
                wire [ROWS*OUT-1:0] terms;
                for (r = 0; r < ROWS; r = r + 1) begin : gen_term
                    assign terms[r*OUT +: OUT] = gen_row[r].out[c*OUT +: OUT];
                end
                dna_tree #(.LEVELS(LOG), .BITS(2*BITS), .CUT(CUT)) u_tree (
                    .clk(clk), .terms_i(terms), .sum_o(sums_o[c*SUM_BITS +: SUM_BITS]));
            end
        end
    endgenerate
endmodule
